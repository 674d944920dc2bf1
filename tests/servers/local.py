"""Servers for tests: on the loopback, on a free port, stopped with their context."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.components import need
from tests.servers.rtsp import RTSP_SERVER, SYSTEM_PYTHON

BOUNDARY = "frameboundary"
JPEG_INTERVAL_S = 0.05
CHUNKED, UNTOLD = "/chunked/", "/untold/"
TWO_ADDRESSES = "two-addresses.test"


class _Handler(BaseHTTPRequestHandler):
    """Files of a folder, and an endless MJPEG stream at any path that ends in ".mjpg".

    Nobody says how long the files are that come below "/chunked", in pieces, and "/untold".
    """

    server: WebServer

    def do_GET(self) -> None:
        path = self.path.split("?")[0].removeprefix(CHUNKED).removeprefix(UNTOLD)
        file = self.server.folder / path.lstrip("/")
        if file.suffix == ".mjpg":
            self._stream()
        elif not file.is_file():
            self.send_error(404)
        else:
            self._file(file)

    def _file(self, file: Path) -> None:
        data = file.read_bytes()
        if self.path.startswith(CHUNKED):
            self._pieces(data)
            return
        self.send_response(200)
        if not self.path.startswith(UNTOLD):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: self.server.break_after])

    def _pieces(self, data: bytes) -> None:
        self.protocol_version = "HTTP/1.1"
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for start in range(0, len(data), 500):
            piece = data[start : start + 500]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.end_headers()
        while not self.server.stopping.wait(JPEG_INTERVAL_S):
            for jpeg in self.server.jpegs if not self.server.silent.is_set() else ():
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}"
                self.wfile.write(head.encode() + b"\r\n\r\n" + jpeg + b"\r\n")

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # the client left, as clients do

    def log_message(self, *args: object) -> None:
        pass


class WebServer(ThreadingHTTPServer):
    """A web server over a folder."""

    daemon_threads = False

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.folder = folder
        self.jpegs: list[bytes] = []
        """What the stream repeats."""
        self.break_after: int | None = None
        """Cut the connection after so many bytes of a file."""
        self.silent = threading.Event()
        """The stream stays open and sends nothing."""
        self.stopping = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def web_server(folder: Path, port: int = 0) -> Iterator[WebServer]:
    server = WebServer(folder, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def silent_server() -> Iterator[int]:
    """Accepts connections and never says a word; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@contextmanager
def dripping_server(first: bytes, drop: bytes) -> Iterator[int]:
    """Says something, then more ten times a second, for ten seconds; yields its port."""
    stopping = threading.Event()

    def drip(listener: socket.socket) -> None:
        client, _ = listener.accept()
        with client, suppress(OSError):  # the client left
            client.sendall(first)
            for _ in range(100):
                client.sendall(drop)
                if stopping.wait(0.1):
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,), daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            stopping.set()
            thread.join(5)


@contextmanager
def two_addresses(port: int) -> Iterator[str]:
    """A host with two addresses: a first that never takes a connection, and one at a port."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),  # all that it has room for
        pytest.MonkeyPatch.context() as patched,
    ):
        known = socket.getaddrinfo
        ends = [full.getsockname(), ("127.0.0.1", port)]

        def look_up(host: str, *given: Any, **named: Any) -> list[Any]:
            if host != TWO_ADDRESSES:
                return known(host, *given, **named)
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", each) for each in ends]

        patched.setattr(socket, "getaddrinfo", look_up)
        yield TWO_ADDRESSES


def free_port() -> int:
    """A port on which nothing listens at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@cache
def _has_gstreamer() -> bool:
    if shutil.which(SYSTEM_PYTHON) is None:
        return False
    command = [SYSTEM_PYTHON, str(RTSP_SERVER), "--check"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def need_rtsp_server() -> None:
    need(
        "GStreamer's RTSP server",
        _has_gstreamer(),
        "apt: python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base -good -bad -ugly",
    )
