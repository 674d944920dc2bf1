"""Where the service says that its dashboard is, and whose days it shows."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("nicegui")

from maskwatch import service
from maskwatch.config.root import Config
from maskwatch.config.site import SiteConfig
from maskwatch.config.web import WebConfig
from maskwatch.runtime.monitoring.live_hub import LiveHub
from maskwatch.runtime.monitoring.service import Service
from maskwatch.store.store import Store
from maskwatch.web.context import WebContext


@pytest.mark.parametrize(
    ("host", "base_url", "told"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:{port}"),
        ("0.0.0.0", None, "http://localhost:{port}"),  # noqa: S104 - no browser opens it
        ("0.0.0.0", "https://masks.example.org", "https://masks.example.org"),  # noqa: S104
    ],
)
def test_the_address_that_is_told_can_be_opened(
    monkeypatch: pytest.MonkeyPatch, host: str, base_url: str | None, told: str
) -> None:
    create = socket.create_server

    def on_loopback(address: tuple[str, int], **options: Any) -> socket.socket:
        return create(("127.0.0.1", address[1]), **options)

    monkeypatch.setattr(socket, "create_server", on_loopback)
    listening = service._listen(WebConfig(host=host, port=0, base_url=base_url))
    with listening.socket:
        assert listening.url == told.format(port=listening.socket.getsockname()[1])


def test_the_dashboards_days_follow_a_change_of_the_time_zone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[WebContext] = []
    monkeypatch.setattr(service, "create_app", lambda web: made.append(web))
    berlin, lisbon = SiteConfig(time_zone="Europe/Berlin"), SiteConfig(time_zone="Europe/Lisbon")
    running = SimpleNamespace(config=Config(site=berlin, web=WebConfig(port=0)), hub=LiveHub())
    with Store.open(f"sqlite:///{tmp_path}/m.db", tmp_path / "photos") as store:
        server = service.DashboardServer(cast("Service", running), store, print)
        server._listening.socket.close()
    [web] = made
    assert web.timezone == berlin.zone
    running.config = running.config.model_copy(update={"site": lisbon})
    assert web.timezone == lisbon.zone
