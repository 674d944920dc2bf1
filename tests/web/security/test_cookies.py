"""The cookie of a session."""

from __future__ import annotations

from pathlib import Path

from fastapi.testclient import TestClient

from maskwatch.config.web import WebConfig
from maskwatch.store.records import Role
from maskwatch.web.app import create_app
from tests.web.world import PASSWORD, log_in, make_world


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    anonymous: TestClient,
) -> None:
    answer = anonymous.post("/api/v1/session", json={"name": "anna", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "Path=/" in cookie


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(tmp_path: Path) -> None:
    world = make_world(tmp_path, config=WebConfig(base_url="https://masks.example"))
    world.add_user("anna", Role.ADMIN)
    with TestClient(create_app(world.web, dashboard=False), base_url="https://masks.example") as c:
        answer = c.post("/api/v1/session", json={"name": "anna", "password": PASSWORD})
        assert answer.headers["set-cookie"].startswith("__Host-")
        assert "Secure" in answer.headers["set-cookie"]
        assert "max-age" in answer.headers["strict-transport-security"]
    world.store.close()


def test_two_installations_on_one_host_name_log_nobody_out_of_the_other(tmp_path: Path) -> None:
    """Browsers send a cookie to every port of the host that it came from."""
    folders = [tmp_path / name for name in ("north", "south")]
    for folder in folders:
        folder.mkdir()
    worlds = [make_world(folder) for folder in folders]
    for world in worlds:
        world.add_user("anna", Role.ADMIN)
    north, south = (TestClient(create_app(world.web, dashboard=False)) for world in worlds)
    assert log_in(north) == 200
    south.cookies = north.cookies
    assert log_in(south) == 200
    north.cookies = south.cookies
    assert [each.get("/api/v1/me").status_code for each in (north, south)] == [200, 200]
    for world in worlds:
        world.store.close()
