"""A PostgreSQL server of its own for the tests, in a folder that goes with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from maskwatch.store.ids import new_id
from tests.components import need
from tests.servers.certificates import Certificates
from tests.servers.local import free_port

HINT = "apt-get install postgresql"
START_WAIT_S = 60


class Postgres:
    """A running server.

    Args:
        port: on the loopback.
    """

    def __init__(self, port: int) -> None:
        self._url = f"postgresql://tests@127.0.0.1:{port}"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The address of a new database, which is dropped afterwards.

        Args:
            template: name or address of a database to copy, which nobody is connected to.
        """
        name = f"t{new_id()}"
        self._do(f"CREATE DATABASE {name} TEMPLATE {template.rpartition('/')[2]}")
        try:
            yield f"{self._url}/{name}"
        finally:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def answers(self) -> bool:
        """Whether it lets one in."""
        try:
            self._do("SELECT 1")
        except sa.exc.DBAPIError:
            return False
        return True

    def _do(self, statement: str) -> None:
        url = self._url.replace("postgresql", "postgresql+pg8000") + "/postgres"
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(statement))


@contextmanager
def postgres(certificates: Certificates | None = None) -> Iterator[Postgres]:
    """Starts a server and stops it; skips the calling test where there is none.

    Args:
        certificates: of a server that also speaks TLS.
    """
    initdb, server = program("initdb"), program("postgres")
    folder = Path(tempfile.mkdtemp(prefix="maskwatch-pg-"))
    # PostgreSQL refuses to run as root, which containers of tests often are.
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
        as_user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    data = folder / "data"
    silent: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        subprocess.run(
            [initdb, "-D", str(data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True,
            cwd=folder,
            **silent,
            **as_user,
        )
        port = free_port()  # as late as possible, before somebody else gets it
        options = ["-c", "fsync=off", "-c", f"unix_socket_directories={folder}"]
        if certificates is not None:
            options += _tls_options(certificates, folder)
        process = subprocess.Popen(
            [server, "-D", str(data), "-h", "127.0.0.1", "-p", str(port), *options],
            cwd=folder,
            **silent,
            **as_user,
        )
        try:
            running = Postgres(port)
            _wait_for(running, process)
            yield running
        finally:
            process.send_signal(signal.SIGINT)  # "fast shutdown"
            process.wait(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tls_options(certificates: Certificates, folder: Path) -> list[str]:
    """Has a server speak TLS, with copies that belong to it: else it refuses the key."""
    owner = folder.stat()
    options = ["-c", "ssl=on"]
    for setting, file in [
        ("ssl_cert_file", certificates.certificate),
        ("ssl_key_file", certificates.key),
    ]:
        copy = Path(shutil.copy(file, folder))
        copy.chmod(0o600)
        os.chown(copy, owner.st_uid, owner.st_gid)
        options += ["-c", f"{setting}={copy}"]
    return options


def _wait_for(running: Postgres, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_WAIT_S
    while not running.answers():
        assert process.poll() is None, "PostgreSQL ended by itself"
        assert time.monotonic() < end, "PostgreSQL did not start"
        time.sleep(0.05)


def program(name: str) -> str:
    """PostgreSQL's programs; Debian keeps them out of the search path."""
    found = [
        shutil.which(name),
        *sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))),
    ]
    paths = [path for path in found if path]
    need("PostgreSQL", bool(paths), HINT)
    return paths[-1]
