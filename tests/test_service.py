"""Where the service says that its dashboard is."""

from __future__ import annotations

import socket
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("nicegui")

from maskwatch import service
from maskwatch.config.web import WebConfig


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
