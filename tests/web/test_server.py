"""Where the dashboard is said to be, whether it is there, and whose days it shows."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

pytest.importorskip("uvicorn")
pytest.importorskip("nicegui")

from maskwatch.config.root import Config
from maskwatch.config.site import SiteConfig
from maskwatch.config.web import TlsConfig, WebConfig
from maskwatch.errors import DashboardError, UsageError
from maskwatch.runtime.monitoring.live_hub import LiveHub
from maskwatch.runtime.monitoring.service import Service
from maskwatch.store.store import Store
from maskwatch.web import server as server_module
from maskwatch.web.app import create_app
from maskwatch.web.context import WebContext
from maskwatch.web.listening import listen
from maskwatch.web.security.connections import BoundedProtocol, without_mapping
from maskwatch.web.server import DashboardServer


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
    listening = listen(WebConfig(host=host, port=0, base_url=base_url))
    with listening.socket:
        assert listening.url == told.format(port=listening.socket.getsockname()[1])


def test_every_interface_of_ipv6_takes_ipv4_too() -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this system has no IPv6")
    listening = listen(WebConfig(host="::", port=0))
    with listening.socket:
        port = listening.socket.getsockname()[1]
        assert listening.url == f"http://localhost:{port}"
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            accepted, _ = listening.socket.accept()
        with accepted:
            assert without_mapping(accepted.getpeername()[:2])[0] == "127.0.0.1"


@pytest.mark.parametrize("peer", [("192.0.2.1", 5), ("2001:db8::1", 5), ("fe80::1%eth0", 5), None])
def test_other_peers_are_called_as_they_are(peer: tuple[str, int] | None) -> None:
    assert without_mapping(peer) == peer


def test_the_dashboards_days_follow_a_change_of_the_time_zone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[WebContext] = []
    monkeypatch.setattr(server_module, "create_app", lambda web: made.append(web) or FastAPI())
    berlin, lisbon = SiteConfig(time_zone="Europe/Berlin"), SiteConfig(time_zone="Europe/Lisbon")
    running = SimpleNamespace(
        config=Config(site=berlin, web=WebConfig(port=0)), hub=LiveHub(), must_stop=lambda: True
    )
    with Store.open(f"sqlite:///{tmp_path}/m.db", tmp_path / "photos") as store:
        server = DashboardServer(cast("Service", running), store, print, "1.0")
        server.start()
        assert server.stop(10)
    [web] = made
    assert web.timezone() == berlin.zone
    running.config = running.config.model_copy(update={"site": lisbon})
    assert web.timezone() == lisbon.zone


def test_a_dashboard_that_cannot_start_says_why_and_announces_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    @asynccontextmanager
    async def no_room(_: FastAPI) -> AsyncIterator[None]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        yield

    announced: list[str] = []
    monkeypatch.setattr(server_module, "create_app", lambda _: FastAPI(lifespan=no_room))
    with _dashboard(tmp_path, announced.append) as server:
        with pytest.raises(DashboardError, match=r"shared memory \(/dev/shm\): no space left"):
            server.start()
        address = _address(server)
        server.stop(10)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, 10)
    assert announced == []


def test_a_dashboard_has_its_port_before_it_starts_and_gives_it_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(server_module, "create_app", lambda _: FastAPI())
    with _dashboard(tmp_path, print) as server:
        address = _address(server)
        socket.create_connection(address, 10).close()
        assert server.stop(10)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, 10)


def test_a_dashboard_that_takes_its_time_to_start_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    free = threading.Event()

    @asynccontextmanager
    async def slow(_: FastAPI) -> AsyncIterator[None]:
        free.wait(30)
        yield

    announced: list[str] = []
    asked = iter([False, True])
    monkeypatch.setattr(server_module, "create_app", lambda _: FastAPI(lifespan=slow))
    monkeypatch.setattr(server_module, "_START_S", 20.0)
    with _dashboard(tmp_path, announced.append, lambda: next(asked)) as server:
        server.start()
        free.set()
        assert server.stop(10)
    assert announced == []


def test_a_dashboard_answers_when_it_is_announced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    announced: list[str] = []
    monkeypatch.setattr(server_module, "create_app", lambda web: create_app(web, dashboard=False))
    with _dashboard(tmp_path, announced.append) as server:
        server.start()
        assert server.is_alive
        assert announced[0] == f"dashboard: {server.url}"
        assert httpx.get(f"{server.url}/healthz", timeout=30).status_code == 200
        assert server.stop(10)
        assert not server.is_alive


def test_connections_that_ask_for_nothing_give_way_to_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(server_module, "create_app", lambda web: create_app(web, dashboard=False))
    monkeypatch.setattr(BoundedProtocol, "most", 4)
    with _dashboard(tmp_path, lambda _: None) as server:
        server.start()
        address = _address(server)
        with ExitStack() as stack:
            silent = [stack.enter_context(_connected(address, b"")) for _ in range(4)]
            slow = stack.enter_context(
                _connected(address, b"POST /api/v1/session HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
            )
            assert silent[0].recv(1) == b""  # the first of them was ended
            asked = stack.enter_context(_connected(address, b"GET /healthz HTTP/1.1\r\n\r\n"))
            assert asked.recv(12) == b"HTTP/1.1 200"
            assert silent[1].recv(1) == b""
            for _ in range(8):
                stack.enter_context(_connected(address, b""))
            assert silent[3].recv(1) == b""
            slow.send(b"not JSON.")  # what was being asked for is answered
            assert slow.recv(12) == b"HTTP/1.1 422"
        assert server.stop(10)


def _address(server: DashboardServer) -> tuple[str, int]:
    port = urlsplit(server.url).port
    assert port is not None
    return "127.0.0.1", port


def _connected(address: tuple[str, int], said: bytes) -> socket.socket:
    made = socket.create_connection(address, 30)
    made.sendall(said)
    return made


def test_a_certificate_that_cannot_be_read_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(server_module, "create_app", lambda _: FastAPI())
    missing = TlsConfig(certificate=tmp_path / "no.pem", key=tmp_path / "no.key")
    with (
        pytest.raises(UsageError, match=r"web\.tls: .*no such file"),
        _dashboard(tmp_path, print, tls=missing),
    ):
        pass


@contextmanager
def _dashboard(
    folder: Path,
    announce: Callable[[str], None],
    must_stop: Callable[[], bool] = lambda: False,
    **web: Any,
) -> Iterator[DashboardServer]:
    running = SimpleNamespace(
        config=Config(web=WebConfig(port=0, **web)), hub=LiveHub(), must_stop=must_stop
    )
    with Store.open(f"sqlite:///{folder}/m.db", folder / "photos") as store:
        yield DashboardServer(cast("Service", running), store, announce, "1.0")


def test_a_connection_that_a_proxy_keeps_is_not_closed_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(server_module, "create_app", lambda web: create_app(web, dashboard=False))
    asked = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with _dashboard(tmp_path, lambda _: None) as server:
        server.start()
        with _connected(_address(server), asked) as connection:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            connection.settimeout(6)  # uvicorn by itself closes after 5
            with pytest.raises(TimeoutError):
                connection.recv(1)
        assert server.stop(10)
