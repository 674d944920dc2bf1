"""Cameras that somebody typed into the dashboard, and servers that try to lead us elsewhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import (
    BaseHTTPRequestHandler,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
)
from ipaddress import ip_network
from pathlib import Path

import pytest

from maskwatch.frames.camera import live_input
from maskwatch.frames.reach import Reach
from maskwatch.runtime.live.child import DecoderFailed, DecoderProcess
from maskwatch.runtime.live.messages import DecoderOrder, Still, StreamOpened
from tests.painted import paint_picture
from tests.servers.certificates import make_certificates
from tests.servers.hooks import serving
from tests.servers.local import need_rtsp_server, web_server
from tests.servers.rtsp import rtsp_camera

LOOPBACK = Reach((ip_network("127.0.0.0/8"),))
ONLY_2 = Reach((ip_network("127.0.0.2/32"),))
PATIENCE_S = 60.0


class _Hostile(BaseHTTPRequestHandler):
    """Sends everybody on to the other server, by a redirect or in a playlist."""

    server: HostileServer

    def do_GET(self) -> None:
        playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{self.server.target}\n"
        by_redirect = not self.path.endswith(".m3u8")
        self.send_response(302 if by_redirect else 200)
        self.send_header("Location", self.server.target)
        self.send_header("Content-Length", "0" if by_redirect else str(len(playlist)))
        self.end_headers()
        self.wfile.write(b"" if by_redirect else playlist.encode())

    def log_message(self, *args: object) -> None:
        pass


class HostileServer(ThreadingHTTPServer):
    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Hostile)
        self.target = target
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def hostile(target: str) -> Iterator[HostileServer]:
    server = HostileServer(target)
    with serving(server):
        yield server


@contextmanager
def secret_server() -> Iterator[socket.socket]:
    """A server that nobody is to reach; whether somebody did can be told from its queue."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def was_reached(listener: socket.socket) -> bool:
    listener.setblocking(False)
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def opened(url: str, reach: Reach | None) -> StreamOpened | Still:
    source = replace(live_input(url), reach=reach)
    process = DecoderProcess(DecoderOrder(source, None, PATIENCE_S, PATIENCE_S))
    try:
        return process.open()
    finally:
        process.close()


@pytest.mark.parametrize("path", ["/picture.jpg", "/live.m3u8"])
def test_neither_a_redirect_nor_a_playlist_leads_to_another_server(path: str) -> None:
    with (
        secret_server() as secret,
        hostile(f"http://127.0.0.1:{secret.getsockname()[1]}/x.ts") as server,
    ):
        with pytest.raises(DecoderFailed):
            opened(server.url + path, LOOPBACK)
        assert not was_reached(secret)


def test_an_address_in_a_closed_network_is_not_connected_to() -> None:
    with secret_server() as secret:
        with pytest.raises(DecoderFailed, match="network that is not open"):
            opened(f"http://localhost:{secret.getsockname()[1]}/x.jpg", Reach())
        assert not was_reached(secret)


def test_a_camera_in_an_open_network_works_as_ever(tmp_path: Path) -> None:
    paint_picture(tmp_path / "a.jpg", [])
    with web_server(tmp_path) as server:
        assert isinstance(opened(f"{server.url}/a.jpg", LOOPBACK), Still)
    need_rtsp_server()
    with rtsp_camera() as camera:
        assert isinstance(opened(f"rtsp://localhost:{camera.port}/cam", LOOPBACK), StreamOpened)


def test_a_camera_that_speaks_tls_works_as_ever(tmp_path: Path) -> None:
    paint_picture(tmp_path / "a.jpg", [])
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = make_certificates(tmp_path).server_context()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server):
        url = f"https://localhost:{server.server_address[1]}/a.jpg"
        assert isinstance(opened(url, LOOPBACK), Still)


def test_what_an_rtsp_camera_leads_to_is_not_shown() -> None:
    need_rtsp_server()
    with (
        rtsp_camera() as elsewhere,
        socket.create_server(("127.0.0.2", 0)) as listener,
    ):
        target = f"rtsp://127.0.0.1:{elsewhere.port}/cam"

        def send_on() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(4096)
                answer = f"RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: {target}\r\n\r\n"
                client.sendall(answer.encode())
                client.recv(4096)

        for reach in (None, ONLY_2):
            thread = threading.Thread(target=send_on, daemon=True)
            thread.start()
            url = f"rtsp://127.0.0.2:{listener.getsockname()[1]}/cam"
            if reach is None:  # so it is the reach that makes the difference
                assert isinstance(opened(url, reach), StreamOpened)
            else:
                with pytest.raises(DecoderFailed, match="network that is not open"):
                    opened(url, reach)
            thread.join(PATIENCE_S)
