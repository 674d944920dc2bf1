"""A browser for the pages without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from maskwatch.web import plain
from maskwatch.web.app import create_app
from tests.web.world import World

pytest.importorskip("nicegui")


@pytest.fixture
def browser(world: World) -> Iterator[TestClient]:
    """Somebody's browser, as far as these pages need one."""
    app = create_app(world.web, dashboard=False)
    app.include_router(plain.router)
    with TestClient(app, follow_redirects=False) as client:
        yield client
