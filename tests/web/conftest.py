"""Fixtures for the tests of the web application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("argon2")

from fastapi.testclient import TestClient

from maskwatch.config.web import WebConfig
from maskwatch.store.records import Role
from maskwatch.web.app import create_app
from tests.web.running import dashboard
from tests.web.world import World, log_in, make_world

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

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

    def logged_in(name: str) -> TestClient:
        assert log_in(anonymous, name) == 200
        return anonymous

    return logged_in


@pytest.fixture
def admin(as_user: Callable[[str], TestClient]) -> TestClient:
    """A client that anna is logged in with."""
    return as_user("anna")


@pytest.fixture
def config() -> WebConfig:
    """The section web with its defaults."""
    return WebConfig()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a dashboard with content."""
    with dashboard(tmp_path_factory.mktemp("site")) as (url, _):
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser without a screen."""
    from tests.web.chromium import chromium as running

    with running() as browser:
        yield browser


@pytest.fixture
def visit(chromium: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Opens a page as somebody, as a stranger with None.

    Complains at the end about anything the browser complained of.
    """
    from tests.web.chromium import page_of

    complaints: list[str] = []
    pages: list[Page] = []

    def open_page(name: str | None, path: str = "/", **options: object) -> Page:
        page = page_of(chromium, site, name, **options)
        pages.append(page)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
        )
        page.on(
            "request",
            lambda asked: (
                None
                if asked.url.startswith((site, "data:", "blob:", site.replace("http", "ws")))
                else complaints.append(f"foreign request: {asked.url}")
            ),
        )
        page.goto(path)
        page.wait_for_selector("h1")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []
