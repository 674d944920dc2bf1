"""Managing users."""

from __future__ import annotations

import json

from fastapi.testclient import TestClient

from tests.web.world import World


def test_users_are_managed_by_administrators(admin: TestClient, world: World) -> None:
    body = {"name": "nils", "password": "nine loud pianos", "role": "reviewer"}
    made = admin.post("/api/v1/users", json=body).json()
    assert "password" not in json.dumps(made)
    assert admin.post("/api/v1/users", json={**body, "name": "NILS"}).status_code == 409
    changed = admin.patch(f"/api/v1/users/{made['id']}", json={"role": "viewer"}).json()
    assert changed["role"] == "viewer"
    noted = [(each.action, each.detail["name"]) for each in world.store.audit.page()[:2]]
    assert noted == [("user.changed", "nils"), ("user.added", "nils")]
