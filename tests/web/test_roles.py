"""Every route of the REST API asks for one permission, and does nothing for anybody without it.

The actions check it, so this is for the pages too, which call the same ones.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from maskwatch.errors import AccessDenied
from maskwatch.store.records import Role
from maskwatch.store.schema import metadata
from maskwatch.web import actions
from maskwatch.web.app import create_app
from maskwatch.web.rates.periods import Period
from maskwatch.web.security.scopes import SCOPES_OF_ROLE, Scope
from tests.web.world import NOW, PASSWORD, World, log_in

_READS = {
    Scope.LIVE: (
        *("/cameras/{name}/people", "/cameras/{name}/frame.jpg", "/cameras/{name}/stream.mjpg"),
        "/events",
    ),
    Scope.EPISODES_READ: (
        *("/episodes", "/episodes/{episode_id}", "/episodes/{episode_id}/photo"),
        *("/people/rate", "/people/groups", "/people/comparison", "/people/groups.csv"),
        *("/people/faults", "/people/faults.csv", "/people/report.pdf", "/people/report.png"),
    ),
    Scope.REVIEW: ("/review", "/review/{item_id}/photo"),
    Scope.REVIEW_EXPORT: ("/review/export.zip",),
    Scope.CAMERAS_READ: (
        *("/cameras", "/cameras/{name}", "/cameras/{name}/walk", "/walks", "/walks/{walk_id}"),
        *("/walks/{walk_id}/report.pdf", "/walks/{walk_id}/report.png"),
        *("/readings", "/readings/{camera}"),
    ),
    Scope.SYSTEM_READ: (
        "/system",
        "/system/models",
        "/health",
        "/deliveries",
        "/deliveries/{delivery_id}",
        "/channels",
    ),
    Scope.AUDIT_READ: ("/audit", "/audit/verification", "/deletions"),
    Scope.USERS: ("/users",),
    Scope.SUBJECTS: ("/episodes/{episode_id}/export.zip",),
}
_CHANGES = {
    Scope.EPISODES_WRITE: (
        *("post /episodes/{episode_id}/acknowledge", "post /episodes/{episode_id}/correct"),
    ),
    Scope.REVIEW: (
        *("post /review/{item_id}/label", "post /review/{item_id}/skip"),
        "post /review/{item_id}/undo",
    ),
    Scope.CAMERAS_WRITE: (
        *("post /cameras", "post /cameras/test", "put /cameras/{name}", "delete /cameras/{name}"),
        *("post /cameras/{name}/start", "post /cameras/{name}/stop", "delete /walks/{walk_id}"),
        *("post /cameras/{name}/walk", "delete /cameras/{name}/walk"),
        *(f"post /cameras/{{name}}/walk/{each}" for each in ("parts", "marks", "pause", "finish")),
    ),
    Scope.SYSTEM_WRITE: (
        "post /system/reload",
        "post /deliveries/{delivery_id}/retry",
        "post /channels/{channel}/test",
    ),
    Scope.USERS: ("post /users", "patch /users/{user_id}"),
    Scope.SUBJECTS: ("delete /episodes/{episode_id}",),
}
NEEDED: Mapping[str, Scope] = {
    **{f"get {path}": scope for scope, paths in _READS.items() for path in paths},
    **{route: scope for scope, routes in _CHANGES.items() for route in routes},
}
OF_ANYBODY = {
    *("delete /session", "get /me", "patch /me"),
    *("get /tokens", "post /tokens", "delete /tokens/{token_id}"),
}
"""One's own session, language, password and tokens: whoever is logged in may."""
OF_STRANGERS = {"post /session", "post /setup"}
_BODIES: Mapping[str, Mapping[str, Any]] = {
    "post /episodes/{episode_id}/correct": {"state": "mask"},
    "post /review/{item_id}/label": {"state": "mask"},
    "post /cameras": {"name": "porch", "settings": {"url": "rtsp://8.8.8.8/"}},
    "post /cameras/test": {"url": "rtsp://8.8.8.8/"},
    "put /cameras/{name}": {"settings": {"url": "rtsp://8.8.8.8/"}},
    "post /cameras/{name}/walk/parts": {"phase": "bare"},
    "post /cameras/{name}/walk/marks": {"distance_m": 3},
    "post /users": {"name": "eve", "password": PASSWORD, "role": "admin"},
    "patch /users/{user_id}": {"role": "admin"},
}
_PERIOD = {"since": "2026-03-12T08:00:00Z", "until": "2026-03-12T09:00:00Z"}


def ask(client: TestClient, route: str) -> int:
    """The status of a request that fits its route, about something that is not there.

    An action that looked for it before it looked at the permission would answer 404.
    """
    method, path = route.split()
    path = re.sub(r"{\w+}", "x", path)
    return client.request(
        method,
        f"/api/v1{path}",
        params=_PERIOD if method == "get" else None,
        json=_BODIES.get(route),
    ).status_code


def all_of(world: World) -> list[object]:
    """What a request may change: every row of the database, and what the service was asked."""
    with world.store.database.engine.connect() as connection:
        tables = metadata.sorted_tables
        rows: list[object] = [connection.execute(each.select()).all() for each in tables]
    asked = world.service
    return [*rows, asked.tested[:], asked.reloads, asked.looked_up, asked.cameras]


def logged_in(app: Any, name: str) -> TestClient:
    client = TestClient(app)
    assert log_in(client, name) == 200
    return client


@pytest.fixture
def app(world: World) -> Any:
    world.hub.close()  # so that what never ends ends at once
    return create_app(world.web, dashboard=False)


def test_the_table_names_every_route(app: Any) -> None:
    paths = app.openapi()["paths"]
    routes = {
        f"{method} {path.removeprefix('/api/v1')}"
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/api/v1")
    }
    assert routes == NEEDED.keys() | OF_ANYBODY | OF_STRANGERS


@pytest.mark.parametrize(
    ("name", "role"), [("vera", Role.VIEWER), ("ravi", Role.REVIEWER), ("anna", Role.ADMIN)]
)
def test_a_role_is_refused_exactly_what_it_may_not_do(
    app: Any, world: World, name: str, role: Role
) -> None:
    client = logged_in(app, name)
    forbidden = {route for route, scope in NEEDED.items() if scope not in SCOPES_OF_ROLE[role]}
    before = all_of(world)
    assert [route for route in sorted(forbidden) if ask(client, route) != 403] == []
    assert all_of(world) == before
    # Logging out comes last.
    allowed = [*sorted(NEEDED.keys() - forbidden), *sorted(OF_ANYBODY, reverse=True)]
    assert [route for route in allowed if ask(client, route) == 403] == []


def test_a_token_does_only_what_its_permission_is_for(app: Any, world: World) -> None:
    admin = logged_in(app, "anna")
    own = {scope: min(each for each in NEEDED if NEEDED[each] is scope) for scope in Scope}
    for scope in Scope:
        body = {"name": "program", "scopes": [scope.value]}
        token = admin.post("/api/v1/tokens", json=body).json()["token"]
        program = TestClient(app, headers={"Authorization": f"Bearer {token}"})
        assert ask(program, own[scope]) != 403
        before = all_of(world)
        # There is no action behind the stream of news: it is for the route to refuse.
        others = {*own.values(), "get /events"} - {each for each in NEEDED if NEEDED[each] is scope}
        assert [route for route in sorted(others) if ask(program, route) != 403] == []
        assert all_of(world) == before


def test_no_action_is_for_whoever_may_do_nothing(world: World) -> None:
    """Also of those that only pages call."""
    nobody = replace(world.principal("anna"), scopes=frozenset())
    period = Period(NOW - timedelta(days=1), NOW)  # stands for every other argument, too
    before, tried = all_of(world), 0
    for module in pkgutil.iter_modules(actions.__path__, f"{actions.__name__}."):
        for name, action in inspect.getmembers(import_module(module.name), inspect.isfunction):
            wanted = inspect.signature(action).parameters
            if name.startswith("_") or list(wanted)[:2] != ["web", "principal"]:
                continue
            others = [each for each in wanted.values() if each.default is each.empty][2:]
            with pytest.raises(AccessDenied):
                action(world.web, nobody, *[period] * len(others))
            tried += 1
    assert tried > 40
    assert all_of(world) == before


def test_permissions_are_documented_with_the_first_role_that_has_each() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "dashboard.md"
    row = re.compile(r"^\| `([a-z:]+)` \| [^|]+ \| (viewer|reviewer|administrator) \|$", re.M)
    first = {scope: next(role for role in Role if scope in SCOPES_OF_ROLE[role]) for scope in Scope}
    words = {**{role: role.value for role in Role}, Role.ADMIN: "administrator"}
    said = row.findall(page.read_text(encoding="utf-8"))
    assert sorted(said) == sorted((scope.value, words[role]) for scope, role in first.items())
