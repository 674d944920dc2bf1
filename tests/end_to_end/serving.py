"""`maskwatch serve` as a process, seen from outside."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

PATIENCE_S = 180.0
"""For what takes a second on a machine that does nothing else."""


class Program:
    """A running `maskwatch serve`, seen from outside: its database, its log, its processes."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.process = process

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What is in its database; nothing before there is one."""
        file = f"file:{self.folder / 'data' / 'maskwatch.db'}?mode=ro"
        with (
            contextlib.suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(file, uri=True)) as database,
        ):
            return database.execute(query).fetchall()
        return []

    def health(self, camera: str = "door") -> list[tuple[object, ...]]:
        """What is written down of a camera: kind and state, oldest first."""
        return self.rows(
            f"select kind, state from health where camera = '{camera}' order by at, id"  # noqa: S608
        )

    def wait_for(self, query: str) -> tuple[object, ...]:
        """The first row of a query, once there is one."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := self.rows(query)):
            assert time.monotonic() < deadline, f"{query}: {self.health()}\n{self.log}"
            assert self.process.poll() is None, self.log
            time.sleep(0.1)
        return found[0]

    def wait_for_health(self, *expected: tuple[str, str]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.health() != list(expected):
            assert time.monotonic() < deadline, f"{self.health()}\n{self.log}"
            time.sleep(0.1)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def wait_for_log(self, words: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while words not in self.log:
            assert time.monotonic() < deadline, self.log
            time.sleep(0.1)

    def children(self) -> list[int]:
        """Process ids of all that it started, and of what those started."""
        found = children_of(self.process.pid)
        return [*found, *(each for child in found for each in children_of(child))]

    def decoders(self) -> list[int]:
        """Those of its cameras, in the order in which they began."""
        return [each for child in children_of(self.process.pid) for each in children_of(child)]


def children_of(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return sorted(found)


@contextmanager
def serving(config: Path, module: str = "maskwatch") -> Iterator[Program]:
    """Runs the program on a configuration that keeps everything in ``data`` beside it.

    Args:
        config: the YAML file; what the program says is added to ``log`` beside it.
        module: what to run; another one may put doubles in place.
    """
    command = [sys.executable, "-m", module, "serve", "-c", str(config)]
    with (config.parent / "log").open("ab") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=Path(__file__).parents[2], start_new_session=True
        )
    try:
        yield Program(config.parent, process)
    finally:
        process.kill()
        process.wait()
