"""schemathesis over the OpenAPI document: whatever is sent, answers are as described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings

from maskwatch.store.records import Role
from maskwatch.types import State
from maskwatch.web.app import create_app
from maskwatch.web.security.scopes import Scope
from tests.web.world import PASSWORD, World, make_world, person, publish, seed

schemathesis = pytest.importorskip("schemathesis")

_EXAMPLES = 8
_ENDLESS = ("/api/v1/events", "/api/v1/cameras/{name}/stream.mjpg")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("openapi"))
    made.add_user("anna", Role.ADMIN)
    seed(made, days=1, episodes_per_day=3)
    publish(made, "entrance", [person(1, State.MASK)])
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def app(world: World) -> Any:
    return create_app(world.web, dashboard=False)


@pytest.fixture(scope="module")
def api_schema(app: Any) -> Any:
    return schemathesis.openapi.from_asgi("/api/openapi.json", app)


@pytest.fixture(scope="module")
def token(app: Any) -> str:
    with TestClient(app) as client:
        answer = client.post("/api/v1/session", json={"name": "anna", "password": PASSWORD})
        made = client.post(
            "/api/v1/tokens",
            json={"name": "schemathesis", "scopes": [scope.value for scope in Scope]},
            headers={"X-CSRF-Token": answer.json()["csrf"]},
        )
        return str(made.json()["token"])


def test_answers_are_as_described_whatever_is_sent(api_schema: Any, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    tried = 0
    for result in api_schema.exclude(path=list(_ENDLESS)).get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def every_case(case: Any) -> None:
            case.call_and_validate(headers=headers)

        every_case()
        tried += 1
    assert tried > 40
