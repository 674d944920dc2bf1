"""The first start."""

from __future__ import annotations

from pathlib import Path

from fastapi.testclient import TestClient

from maskwatch.web import plain
from maskwatch.web.app import create_app, setup_url
from tests.web.world import PASSWORD, make_world


def test_the_first_administrator_is_not_called_as_the_service_itself(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    app = create_app(world.web, dashboard=False)
    app.include_router(plain.router)
    url = setup_url(app, "http://testserver")
    form = {"name": "System", "password": PASSWORD, "repeated": PASSWORD}
    page = TestClient(app).post(url or "", data=form)
    assert page.status_code == 422
    assert "the audit log means something else by &#x27;System&#x27;" in page.text
    assert world.store.users.count() == 0
    world.store.close()
