"""What strangers, other sites and greedy clients try."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.config.web import WebConfig
from maskwatch.errors import StoreError, UsageError
from maskwatch.store.records import Role
from maskwatch.types import State
from maskwatch.web.app import create_app
from maskwatch.web.security.addresses import Address, checked_address
from maskwatch.web.security.limits import BodyLimit
from maskwatch.web.security.scopes import SCOPES_OF_ROLE
from maskwatch.web.security.scopes import Scope as Permission
from tests.web.world import PASSWORD, World, make_world, person, publish, seed

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


def test_roles_build_on_each_other() -> None:
    viewer, reviewer, admin = (SCOPES_OF_ROLE[role] for role in Role)
    assert viewer < reviewer < admin == frozenset(Permission)


@pytest.mark.parametrize(
    ("name", "method", "path", "body"),
    [
        ("vera", "post", "/episodes/x/acknowledge", None),
        ("vera", "post", "/episodes/x/correct", {"state": "mask"}),
        ("vera", "get", "/review", None),
        ("vera", "get", "/users", None),
        ("ravi", "post", "/cameras/test", {"url": "rtsp://192.0.2.1/"}),
        ("ravi", "post", "/cameras", {"name": "x", "settings": {}}),
        ("ravi", "get", "/review/export.zip", None),
        ("ravi", "get", "/audit", None),
        ("ravi", "post", "/system/reload", None),
        ("ravi", "delete", "/episodes/x", None),
        ("ravi", "post", "/users", {"name": "eve", "password": PASSWORD, "role": "admin"}),
    ],
)
def test_a_role_does_not_do_more_than_it_may(
    as_user: Callable[[str], TestClient], name: str, method: str, path: str, body: object
) -> None:
    client = as_user(name)
    answer = client.request(method, f"/api/v1{path}", json=body)
    assert answer.status_code == 403


# --- other sites


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
    answer = other.post("/api/v1/session", json={"name": "vera", "password": PASSWORD})
    admin.headers["X-CSRF-Token"] = answer.json()["csrf"]
    assert admin.post("/api/v1/system/reload").status_code == 403
    assert world.service.reloads == 0


def test_no_other_site_may_read_answers(admin: TestClient) -> None:
    answer = admin.get("/api/v1/me", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_every_answer_carries_the_security_headers(anonymous: TestClient) -> None:
    for path in ("/healthz", "/api/v1/me", "/no/such/page"):
        headers = anonymous.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "script-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"


# --- greedy clients


def test_a_large_request_is_refused_whether_it_says_so_or_not(admin: TestClient) -> None:
    large = b"x" * ((1 << 20) + 1)
    assert admin.post("/api/v1/cameras/test", content=large).status_code == 413

    def parts():  # type: ignore[no-untyped-def]
        for _ in range(40):
            yield b"x" * (1 << 16)

    assert admin.post("/api/v1/cameras/test", content=parts()).status_code == 413


def test_a_request_that_does_not_come_to_an_end_is_refused() -> None:
    said: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(60)
        raise AssertionError("nobody was to wait so long")

    async def send(message: Message) -> None:
        said.append(message)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    limited = BodyLimit(quiet(app), max_bytes=10, slowest_s=0.01)
    asyncio.run(limited(scope, receive, send))
    assert said[0]["status"] == 408


def test_who_watches_a_stream_may_do_so_for_longer_than_a_request_takes_to_arrive() -> None:
    said: list[Message] = []
    requests = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if requests:
            return requests.pop()
        await asyncio.sleep(60)
        raise AssertionError("nobody was to wait so long")

    async def send(message: Message) -> None:
        said.append(message)

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(5):
            await asyncio.sleep(0.01)
            yield b"."

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    limited = BodyLimit(StreamingResponse(parts()), max_bytes=10, slowest_s=0.01)
    asyncio.run(limited(scope, receive, send))
    assert b"".join(each.get("body", b"") for each in said) == b"....."


def quiet(app: ASGIApp) -> ASGIApp:
    """An application that answers the end of a client in words of its own, as FastAPI does."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except ClientDisconnect:
            await PlainTextResponse("cannot be read", 400)(scope, receive, send)

    return answering


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/episodes/../../../../etc/passwd",
        "/api/v1/episodes/..%2f..%2f..%2fetc%2fpasswd/photo",
        "/api/v1/review/%2e%2e%2f%2e%2e%2fetc%2fpasswd/photo",
        "/api/v1/cameras/..%2f..%2fstore.db/frame.jpg",
        "/static/..%2fapp.py",
        "/static/../app.py",
    ],
)
def test_paths_lead_nowhere_else(admin: TestClient, path: str) -> None:
    answer = admin.get(path)
    assert answer.status_code in (404, 422)
    assert b"root:" not in answer.content


def test_a_page_of_more_than_the_most_is_refused(admin: TestClient) -> None:
    assert admin.get("/api/v1/episodes?limit=100000").status_code == 422


def test_errors_do_not_repeat_passwords(anonymous: TestClient) -> None:
    body = {"name": "anna", "password": "secret-one", "pass": "secret-two"}
    answer = anonymous.post("/api/v1/session", json=body)
    assert answer.status_code == 422
    assert "secret" not in answer.text


# --- addresses of cameras


def resolver(*addresses: str) -> Callable[[str, int], list[Address]]:
    return lambda *_: [ip_address(each) for each in addresses]


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.1.5", "172.16.0.1", "169.254.169.254", "0.1.2.3"),
        *("::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "224.0.0.1"),
        *("100.64.0.1", "255.255.255.255", "::", "2002:7f00:1::", "64:ff9b::7f00:1"),
        *("fec0::1", "::7f00:1", "::ffff:0:10.0.0.1", "64:ff9b:1::a00:1"),
    ],
)
def test_special_networks_are_closed_by_default(address: str) -> None:
    with pytest.raises(UsageError, match=r"web\.camera_networks"):
        checked_address("rtsp://camera.example/1", (), resolver(address))


def test_a_name_with_one_bad_address_among_good_ones_is_refused() -> None:
    with pytest.raises(UsageError):
        checked_address("rtsp://camera.example/1", (), resolver("8.8.8.8", "127.0.0.1"))


def test_a_network_that_the_configuration_names_is_open() -> None:
    networks = (ip_network("192.168.20.0/24"),)
    url = "rtsp://viewer:pa%40ss@cam.lan:8554/stream?x=1"
    checked = checked_address(url, networks, resolver("192.168.20.7"))
    assert checked == "rtsp://viewer:pa%40ss@192.168.20.7:8554/stream?x=1"
    with pytest.raises(UsageError):
        checked_address(url, networks, resolver("192.168.21.7"))


def test_the_address_that_was_checked_is_the_one_that_is_opened() -> None:
    assert checked_address("http://cam.example/v", (), resolver("8.8.4.4")) == "http://8.8.4.4/v"
    # With TLS the certificate speaks for the name.
    url = "rtsps://cam.example/v"
    assert checked_address(url, (), resolver("8.8.4.4")) == url


def test_a_host_that_nobody_knows_is_told_from_one_that_is_closed() -> None:
    def nobody(*_: object) -> list[Address]:
        raise OSError("Name or service not known")

    with pytest.raises(UsageError, match="no host is called 'nowhere'"):
        checked_address("rtsp://nowhere/1", (), nobody)


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "/etc/passwd", "concat:a|b", "ftp://8.8.8.8/", "rtsp://", ""),
        *("http://8.8.8.8:99999/", "rtsp://8.8.8.8/\r\nX: y", "gopher://8.8.8.8/", "data:x", "0"),
    ],
)
def test_only_addresses_of_cameras_are_addresses(url: str) -> None:
    with pytest.raises(UsageError):
        checked_address(url, (), resolver("8.8.8.8"))


def test_unusual_ways_to_write_loopback_are_seen_through() -> None:
    for host in ("localhost", "127.1", "2130706433", "0x7f000001"):
        with pytest.raises(UsageError):
            checked_address(f"http://{host}/", ())


def test_the_dashboard_tests_no_camera_in_a_closed_network(admin: TestClient, world: World) -> None:
    for body in ({"url": "http://127.0.0.1:22/"}, {"url": "http://169.254.169.254/latest"}):
        answer = admin.post("/api/v1/cameras/test", json=body)
        assert answer.status_code == 422
        assert "web.camera_networks" in answer.json()["detail"]
    assert world.service.tested == []


def test_nor_saves_one(admin: TestClient, world: World) -> None:
    for url in ("rtsp://127.0.0.1/x", "/dev/video0", "0", "udp://8.8.8.8:1"):
        body = {"name": "trick", "settings": {"url": url}}
        assert admin.post("/api/v1/cameras", json=body).status_code == 422
    assert world.store.cameras.all() == []


# --- pictures that must not be


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


def test_metrics_need_a_token_unless_they_are_public(
    anonymous: TestClient, admin: TestClient, tmp_path: Path
) -> None:
    assert TestClient(anonymous.app).get("/metrics").status_code == 401
    body = {"name": "prometheus", "scopes": ["system:read"]}
    token = admin.post("/api/v1/tokens", json=body).json()["token"]
    answer = TestClient(anonymous.app).get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert 'maskwatch_camera_up{camera="entrance"} 1.0' in answer.text
    folder = tmp_path / "public"
    folder.mkdir()
    public = make_world(folder, config=WebConfig(metrics_public=True))
    with TestClient(create_app(public.web, dashboard=False)) as client:
        assert client.get("/metrics").status_code == 200
    public.store.close()


def test_metrics_tell_how_the_cameras_do_while_the_database_does_not_answer(
    tmp_path: Path,
) -> None:
    world = make_world(tmp_path, config=WebConfig(metrics_public=True))
    with TestClient(create_app(world.web, dashboard=False)) as client:
        assert "maskwatch_store_up 1.0" in client.get("/metrics").text
        world.store.close()
        (tmp_path / "store.db").write_bytes(b"no database" * 1000)
        world.service.store = None  # the real one asks nothing of it
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert 'maskwatch_camera_up{camera="entrance"} 1.0' in answer.text
    assert "maskwatch_unwritten_records 0.0" in answer.text
    assert "maskwatch_store_up 0.0" in answer.text
    assert "maskwatch_photo_bytes" not in answer.text


def test_probes_are_answered_soon_while_the_database_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = Event()

    def hang() -> None:
        goes_on.wait(15)
        raise StoreError("the database failed")

    world = make_world(tmp_path, config=WebConfig(metrics_public=True))
    for records, name in ((world.store.users, "count"), (world.store.deliveries, "counts")):
        monkeypatch.setattr(records, name, hang)
    with TestClient(create_app(world.web, dashboard=False)) as client:
        asked_at = time.monotonic()
        told = [client.get(path) for path in ("/metrics", "/readyz", "/metrics", "/readyz")]
        took_s = time.monotonic() - asked_at
        goes_on.set()
    assert took_s < 10
    assert [answer.status_code for answer in told] == [200, 503, 200, 503]
    assert "maskwatch_store_up 0.0" in told[0].text
    assert 'maskwatch_camera_up{camera="entrance"} 1.0' in told[2].text
    assert told[3].json()["checks"] == {"service": True, "store": False}
    world.store.close()


def test_metrics_tell_all_else_while_the_disk_of_the_photos_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Path) -> None:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    world = make_world(tmp_path, config=WebConfig(metrics_public=True))
    monkeypatch.setattr(shutil, "disk_usage", away)
    with TestClient(create_app(world.web, dashboard=False)) as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "maskwatch_store_up 1.0" in answer.text
    assert 'maskwatch_deliveries{state="dead"}' in answer.text
    assert "maskwatch_disk_free_bytes" not in answer.text
    world.store.close()


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


def test_metrics_count_refused_logins_that_the_audit_log_leaves_out(tmp_path: Path) -> None:
    world = make_world(tmp_path, config=WebConfig(metrics_public=True))
    with TestClient(create_app(world.web, dashboard=False)) as client:
        for _ in range(8):
            client.post("/api/v1/session", json={"name": "anna", "password": "wrong"})
        told = client.get("/metrics").text
    assert 'maskwatch_refused_logins_total{reason="wrong_password"} 5.0' in told
    assert 'maskwatch_refused_logins_total{reason="held_back"} 3.0' in told
    world.store.close()


def test_a_forwarded_address_is_believed_only_from_a_trusted_proxy(tmp_path: Path) -> None:
    for i, (networks, expected) in enumerate(
        [((), "10.9.9.9"), ((ip_network("10.9.0.0/16"),), "203.0.113.5")]
    ):
        folder = tmp_path / str(i)
        folder.mkdir()
        world = make_world(folder, config=WebConfig(trusted_proxies=networks))
        app = create_app(world.web, dashboard=False)
        with TestClient(app, client=("10.9.9.9", 1234)) as client:
            client.post(
                "/api/v1/session",
                json={"name": "x", "password": "y"},
                headers={"X-Forwarded-For": "203.0.113.5"},
            )
        [entry] = world.store.audit.page()
        assert entry.detail["address"] == expected
        world.store.close()
