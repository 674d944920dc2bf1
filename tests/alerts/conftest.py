from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from maskwatch.store.store import Store
from tests.servers.certificates import Certificates, make_certificates


@pytest.fixture(scope="session")
def misnamed_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """For another host."""
    return make_certificates(tmp_path_factory.mktemp("misnamed"), "mail.example.org")


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A file that is not there."""
    return tmp_path / "nothing.pem"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/maskwatch.db", tmp_path / "photos") as opened:
        yield opened
