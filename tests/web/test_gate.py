"""Who gets as far as the pages, and what the others are told."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from maskwatch.errors import StoreError
from maskwatch.web.gate import DashboardGate
from tests.web.world import World


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("nobody is to get here")


def test_whoever_asks_for_a_page_while_the_database_is_away_is_told_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreError("no answer")

    monkeypatch.setattr(world.store.sessions, "get", away)
    browser = TestClient(DashboardGate(pages, web=world.web), headers={"Accept-Language": "de"})
    browser.cookies.set(world.web.cookie.name, "secret")
    answer = browser.get("/events", follow_redirects=False)
    assert answer.status_code == 503
    assert "Die Datenbank antwortet gerade nicht." in answer.text
    assert int(answer.headers["refresh"]) > 0  # a display on a wall comes back by itself
