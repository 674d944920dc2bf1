"""Fixtures for the tests of the web application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("argon2")

from fastapi.testclient import TestClient

from maskwatch.config.web import WebConfig
from maskwatch.store.records import Role
from maskwatch.web.app import create_app
from tests.web.world import PASSWORD, World, make_world

ORIGIN = "http://testserver"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty store and three cameras; anna is administrator, ravi reviewer, vera viewer."""
    made = make_world(tmp_path)
    for name, role in (("anna", Role.ADMIN), ("ravi", Role.REVIEWER), ("vera", Role.VIEWER)):
        made.add_user(name, role)
    yield made
    made.store.close()


@pytest.fixture
def anonymous(world: World) -> Iterator[TestClient]:
    """A client that is not logged in."""
    with TestClient(create_app(world.web, dashboard=False), follow_redirects=False) as client:
        yield client


@pytest.fixture
def as_user(anonymous: TestClient) -> Callable[[str], TestClient]:
    """Logs a client in."""

    def log_in(name: str) -> TestClient:
        answer = anonymous.post("/api/v1/session", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        anonymous.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return anonymous

    return log_in


@pytest.fixture
def admin(as_user: Callable[[str], TestClient]) -> TestClient:
    """A client that anna is logged in with."""
    return as_user("anna")


@pytest.fixture
def config() -> WebConfig:
    """The section web with its defaults."""
    return WebConfig()
