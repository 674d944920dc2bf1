"""schemathesis over the OpenAPI document: whatever is sent, answers are as described."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings

from maskwatch.config.web import WebConfig
from maskwatch.runtime.monitoring.control import CameraPhase
from maskwatch.store.records import Role
from maskwatch.types import State
from maskwatch.web.app import create_app
from maskwatch.web.security.scopes import Scope
from tests.web.made_up import person, publish, seed
from tests.web.world import PASSWORD, World, log_in, make_world

schemathesis = pytest.importorskip("schemathesis")

from schemathesis.checks import CHECKS  # noqa: E402
from schemathesis.core.failures import FailureGroup  # noqa: E402

_EXAMPLES = 20
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
        log_in(client)
        made = client.post(
            "/api/v1/tokens",
            json={"name": "schemathesis", "scopes": [scope.value for scope in Scope]},
        )
        return str(made.json()["token"])


def test_answers_are_as_described_whatever_is_sent(api_schema: Any, app: Any, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    # A body may fit the schema and make no sense, such as an easy password: 422 is right then.
    meanings = [CHECKS.get_one("positive_data_acceptance")]
    tried, failed = 0, []
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
            case.call_and_validate(headers=headers, excluded_checks=meanings)

        try:
            every_case()
        except FailureGroup as failures:
            failed.append(f"{operation.label}: {failures.exceptions}")
        tried += 1
    assert failed == []
    assert tried > 40
    # Otherwise some of it was only tried by a stranger.
    assert TestClient(app, headers=headers).get("/api/v1/me").status_code == 200


def test_programs_are_told_what_comes_instead_of_an_answer(app: Any) -> None:
    """What a client that was made from the document does not know of, it cannot treat."""
    paths = app.openapi()["paths"]
    silent = [
        f"{method} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path.startswith("/api/v1") and not {"503", "507"} <= operation["responses"].keys()
    ]
    assert silent == []
    metrics = paths["/metrics"]["get"]
    assert {"401", "403", "503"} <= metrics["responses"].keys()
    assert metrics["security"] == [{"HTTPBearer": []}]


@pytest.mark.parametrize("address", ["http://masks.example", "https://masks.example"])
def test_programs_are_told_what_the_cookie_of_a_session_is_called(
    tmp_path: Path, address: str
) -> None:
    """Over HTTPS it has another name."""
    world = make_world(tmp_path, config=WebConfig(base_url=address))
    world.add_user("anna", Role.ADMIN)
    app = create_app(world.web, dashboard=False)
    (cookie,) = (
        scheme
        for scheme in app.openapi()["components"]["securitySchemes"].values()
        if scheme["type"] == "apiKey"
    )
    with TestClient(app, base_url=address) as client:
        client.post("/api/v1/session", json={"name": "anna", "password": PASSWORD})
        assert [cookie["name"]] == list(client.cookies)
    world.store.close()


def test_programs_are_told_which_phases_a_camera_has(app: Any) -> None:
    schemas = app.openapi()["components"]["schemas"]
    assert schemas["CameraView"]["properties"]["phase"]["$ref"].endswith("/CameraPhase")
    assert set(schemas["CameraPhase"]["enum"]) == set(CameraPhase)
