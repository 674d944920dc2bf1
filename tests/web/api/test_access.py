"""Who may call what, and from where."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.types import State
from tests.web.made_up import person, publish, seed
from tests.web.world import PASSWORD, World, log_in

_OPEN = {
    ("post", "/api/v1/session"),
    ("post", "/api/v1/setup"),
    ("get", "/healthz"),
    ("get", "/readyz"),
}


def routes(client: TestClient) -> list[tuple[str, str]]:
    paths = client.get("/api/openapi.json").json()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


def filled(path: str) -> str:
    for name in ("episode_id", "item_id", "user_id", "token_id", "delivery_id", "name"):
        path = path.replace(f"{{{name}}}", "x")
    return path


def test_nothing_but_the_way_in_answers_strangers(anonymous: TestClient) -> None:
    known = routes(anonymous)
    assert len(known) > 40
    let_in = {
        (method, path)
        for method, path in known
        if anonymous.request(method, filled(path)).status_code not in (401, 403)
    }
    assert let_in == _OPEN


def test_a_changing_request_without_the_pages_token_is_refused(
    admin: TestClient, world: World
) -> None:
    del admin.headers["X-CSRF-Token"]
    assert admin.post("/api/v1/system/reload").status_code == 403
    admin.headers["X-CSRF-Token"] = "0" * 64
    assert admin.post("/api/v1/system/reload").status_code == 403
    assert world.service.reloads == 0


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://testserver.evil.example"]
)
def test_a_changing_request_from_another_site_is_refused(
    admin: TestClient, world: World, origin: str
) -> None:
    answer = admin.post("/api/v1/system/reload", headers={"Origin": origin})
    assert answer.status_code == 403
    assert world.service.reloads == 0


def test_another_site_logs_nobody_in(anonymous: TestClient) -> None:
    answer = anonymous.post(
        "/api/v1/session",
        json={"name": "anna", "password": PASSWORD},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert not anonymous.cookies


def test_the_csrf_token_of_another_session_does_not_fit(admin: TestClient, world: World) -> None:
    other = TestClient(admin.app)
    log_in(other, "vera")
    admin.headers["X-CSRF-Token"] = other.headers["X-CSRF-Token"]
    assert admin.post("/api/v1/system/reload").status_code == 403
    assert world.service.reloads == 0


@pytest.fixture(params=["none", "statistics_only"])
def without_images(request: pytest.FixtureRequest) -> PrivacyConfig:
    if request.param == "none":
        return PrivacyConfig(photos=Photos.NONE)
    return PrivacyConfig(statistics_only=True)


def test_no_route_gives_out_an_image_where_the_policy_has_none(
    admin: TestClient, world: World, without_images: PrivacyConfig
) -> None:
    seed(world, days=2, episodes_per_day=4)
    publish(world, "entrance", [person(1, State.NO_MASK)])
    [item] = world.store.reviews.waiting(1)
    episode = next(e for e in world.store.episodes.page().items if e.snapshot_id)
    world.set_privacy(without_images)
    paths = [
        f"/episodes/{episode.id}/photo",
        f"/review/{item.id}/photo",
        "/review/export.zip",
        "/cameras/entrance/frame.jpg",
        "/cameras/entrance/stream.mjpg",
    ]
    for path in paths:
        answer = admin.get(f"/api/v1{path}")
        assert answer.status_code == 403, path
        assert b"\xff\xd8\xff" not in answer.content
    # A camera can be tested all the same, else none could be added.
    test = admin.post("/api/v1/cameras/test", json={"url": "rtsp://8.8.8.8/"})
    assert (test.status_code, test.json()) == (200, {"width": 1280, "height": 540})


def let_nothing_be_written(world: World) -> None:
    """As when a disk that fails is mounted anew, for reading only."""

    def prepare(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    world.store.close()
    sa.event.listen(world.store.database.engine, "connect", prepare)


def test_a_database_that_can_only_be_read_shuts_nobody_out(admin: TestClient, world: World) -> None:
    body = {"name": "fleet", "scopes": ["cameras:read"]}
    token = admin.post("/api/v1/tokens", json=body).json()["token"]
    anna = world.store.users.by_name("anna")
    assert anna is not None
    [session] = world.store.sessions.of_user(anna.id)
    long_ago = world.web.now() - timedelta(minutes=10)
    world.store.sessions.seen(session.token_hash, long_ago, session.expires_at)
    let_nothing_be_written(world)
    program = TestClient(admin.app, headers={"Authorization": f"Bearer {token}"})
    for client in (admin, program):
        assert client.get("/api/v1/cameras").status_code == 200
    new = {"name": "nils", "password": "nine loud pianos", "role": "reviewer"}
    assert admin.post("/api/v1/users", json=new).status_code == 503
