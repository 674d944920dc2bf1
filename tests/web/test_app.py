"""The application: its own description, and whom it believes."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path

from fastapi.testclient import TestClient

from maskwatch.config.web import WebConfig
from maskwatch.web.app import create_app
from tests.web.world import make_world


def test_every_route_is_described_with_a_sentence_and_its_problems(anonymous: TestClient) -> None:
    paths = anonymous.get("/api/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method, said in methods.items():
            assert said.get("description"), f"{method} {path}"
            if path.startswith("/api/") and path not in ("/api/v1/session", "/api/v1/setup"):
                assert "401" in said["responses"], f"{method} {path}"


def test_every_address_that_the_documentation_names_is_there(
    anonymous: TestClient, checkout: Path
) -> None:
    page = (checkout / "docs" / "dashboard.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(/[^`]+)` \|", page, re.MULTILINE))
    assert len(named) > 15  # so that an empty walk cannot pass
    there = anonymous.get("/api/openapi.json").json()["paths"]
    known = {_without_names(each) for each in there}
    assert {each for each in named if _without_names(each) not in known} == set()


def _without_names(address: str) -> str:
    """The address, whatever its parameters are called."""
    return re.sub(r"\{\w+\}", "{}", address)


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
