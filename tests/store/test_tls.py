"""A PostgreSQL server that speaks TLS, and what `sslmode` asks of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from maskwatch.errors import StoreError
from maskwatch.store.database import Database
from tests.servers.certificates import Certificates
from tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def tls_server(certificates: Certificates) -> Iterator[Postgres]:
    with postgres(certificates) as server:
        yield server


def speaks_tls(url: str) -> bool:
    database = Database(url)
    try:
        with database.read() as connection:
            query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            return bool(connection.scalar(sa.text(query)))
    finally:
        database.close()


def address(server: Postgres, host: str, options: str) -> str:
    with server.database() as url:
        return f"{url.replace('127.0.0.1', host).rpartition('/')[0]}/postgres{options}"


@pytest.mark.parametrize(
    ("options", "encrypted"),
    [
        ("", True),
        ("?sslmode=prefer", True),
        ("?sslmode=disable", False),
        ("?sslmode=require", True),
    ],
)
def test_tls_is_spoken_as_it_is_asked_for(
    tls_server: Postgres, options: str, encrypted: bool
) -> None:
    assert speaks_tls(address(tls_server, "127.0.0.1", options)) is encrypted


def test_with_verify_ca_the_authority_counts_and_with_verify_full_the_host_too(
    tls_server: Postgres, certificates: Certificates, strange_certificates: Certificates
) -> None:
    def options(mode: str, authorities: Path) -> str:
        return f"?sslmode={mode}&sslrootcert={authorities}"

    ours, theirs = certificates.ca_file, strange_certificates.ca_file  # of "localhost"
    assert speaks_tls(address(tls_server, "localhost", options("verify-full", ours)))
    assert speaks_tls(address(tls_server, "127.0.0.1", options("verify-ca", ours)))
    for host, mode, file in [
        ("127.0.0.1", "verify-full", ours),
        ("localhost", "verify-full", theirs),
        ("localhost", "verify-ca", theirs),
        ("localhost", "require", theirs),  # with a file it is as strict as verify-ca
    ]:
        with pytest.raises(StoreError, match="CERTIFICATE_VERIFY_FAILED"):
            speaks_tls(address(tls_server, host, options(mode, file)))


def test_a_server_without_tls_is_refused_where_tls_is_required(postgres_server: Postgres) -> None:
    assert not speaks_tls(address(postgres_server, "127.0.0.1", ""))
    with pytest.raises(StoreError, match="refuses SSL"):
        speaks_tls(address(postgres_server, "127.0.0.1", "?sslmode=require"))
