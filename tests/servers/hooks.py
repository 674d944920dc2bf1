"""A web server that keeps the requests it gets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.certificates import Certificates


@dataclass(frozen=True)
class Request:
    path: str
    headers: Message
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    server: HookServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.changed:
            self.server.requests.append(Request(self.path, self.headers, body))
            self.server.changed.notify_all()
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


class HookServer(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[Request] = []
        self.status = 204
        self.location = ""
        self.changed = threading.Condition()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def wait_for(self, count: int, timeout_s: float = 20.0) -> list[Request]:
        """The requests, once there are so many; fails when they do not come."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, timeout_s)
            return list(self.requests)


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    """Answers in a thread of its own, until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def hook_server(certificates: Certificates | None = None) -> Iterator[HookServer]:
    """Takes every POST, on 127.0.0.1; with certificates it speaks TLS only."""
    server = HookServer()
    if certificates is not None:
        context = certificates.server_context()
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server):
        yield server
