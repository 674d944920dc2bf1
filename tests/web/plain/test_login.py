"""Logging in and out, without scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from maskwatch.config.web import WebConfig
from maskwatch.errors import NotLoggedIn, StoreFull
from maskwatch.web import plain
from maskwatch.web.app import create_app
from maskwatch.web.identity import of_session
from tests.web.world import PASSWORD, World, make_world


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("/events?episode=7", "/events?episode=7"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example/", "/"),
        ("/events?cameras=" + 900 * "x", "/events?cameras=" + 900 * "x"),
        ("/" + 1000 * "x", "/"),
    ],
)
def test_the_login_leads_to_a_page_of_this_server(
    browser: TestClient, target: str, place: str
) -> None:
    form = browser.get("/login", params={"next": target})
    assert form.status_code == 200
    [hidden] = re.findall('name="target" value="([^"]*)"', form.text)
    assert hidden == place
    body = {"name": "anna", "password": PASSWORD, "target": target}
    answer = browser.post("/login", data=body)
    assert (answer.status_code, answer.headers["location"]) == (303, place)


def test_the_form_of_another_site_logs_nobody_in(browser: TestClient) -> None:
    body = {"name": "anna", "password": PASSWORD}
    answer = browser.post("/login", data=body, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert not browser.cookies


def test_the_form_speaks_the_language_of_the_browser_and_repeats_no_password(
    browser: TestClient,
) -> None:
    body = {"name": '"><b>anna', "password": "quiet quiet"}
    answer = browser.post("/login", data=body, headers={"Accept-Language": "de-AT"})
    assert answer.status_code == 401
    assert "Name oder Passwort ist falsch." in answer.text
    assert "quiet" not in answer.text
    assert "<b>" not in answer.text


def test_where_browsers_keep_no_login_one_is_told_where_they_do(tmp_path: Path) -> None:
    """Over plain HTTP they take no cookie for HTTPS: one came back to the form without a word."""
    world = make_world(tmp_path, config=WebConfig(base_url="https://masks.example"))
    app = create_app(world.web, dashboard=False)
    app.include_router(plain.router)
    fetched = {"Sec-Fetch-Mode": "navigate"}  # over HTTPS, and from the very machine
    for base_url, headers, is_told in (
        ("http://192.0.2.7:8080", {}, True),
        ("http://127.0.0.1:8080", fetched, False),
        ("http://masks.example", {}, False),  # as a proxy may pass it on
        ("https://masks.example", fetched, False),
    ):
        with TestClient(app, base_url=base_url) as client:
            form = client.get("/login", headers=headers).text
            assert ("Log in at https://masks.example:" in form) is is_told
    world.store.close()


def test_whoever_is_logged_in_is_not_asked_for_the_password_again(
    browser: TestClient, world: World
) -> None:
    """Such as the second tab of somebody who has just logged in in the first."""
    browser.post("/login", data={"name": "anna", "password": PASSWORD})
    answer = browser.get("/login", params={"next": "/events"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/events")
    csrf = browser.get("/api/v1/me").json()["csrf"]
    browser.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})
    browser.cookies.set(world.web.cookie.name, "of a session that has ended")
    assert browser.get("/login").status_code == 200


def test_who_logs_in_in_the_browser_of_somebody_else_ends_their_session(
    browser: TestClient, world: World
) -> None:
    """A page of theirs that is still open would go on in their name."""
    browser.post("/login", data={"name": "anna", "password": PASSWORD})
    annas = browser.cookies[world.web.cookie.name]
    browser.post("/login", data={"name": "ravi", "password": "wrong wrong wrong"})
    assert of_session(world.web, annas).actor == "anna"
    browser.post("/login", data={"name": "ravi", "password": PASSWORD})
    assert browser.get("/api/v1/me").json()["name"] == "ravi"
    with pytest.raises(NotLoggedIn):
        of_session(world.web, annas)
    ravis = browser.cookies[world.web.cookie.name]
    browser.post("/api/v1/session", json={"name": "vera", "password": PASSWORD})
    with pytest.raises(NotLoggedIn):
        of_session(world.web, ravis)


def test_only_ones_own_page_logs_one_out(browser: TestClient) -> None:
    browser.post("/login", data={"name": "anna", "password": PASSWORD})
    assert browser.post("/login/out", data={"csrf": "0" * 64}).status_code == 403
    me = browser.get("/api/v1/me")
    assert me.status_code == 200
    assert browser.post("/login/out", data={"csrf": me.json()["csrf"]}).status_code == 303
    assert browser.get("/api/v1/me").status_code == 401


def test_whoever_cannot_log_in_because_the_disk_is_full_is_told_so(
    browser: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreFull("no room left on the disk")

    monkeypatch.setattr(world.store.sessions, "add", full)
    body = {"name": "anna", "password": PASSWORD}
    answer = browser.post("/login", data=body, headers={"Accept-Language": "de"})
    assert answer.status_code == 507
    assert "auf dem Datenträger ist kein Platz mehr" in answer.text
    assert not browser.cookies
