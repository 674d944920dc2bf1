"""Requests that are too large, or too slow to arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi.testclient import TestClient
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maskwatch.web.security.limits import BodyLimit


def test_a_large_request_is_refused_whether_it_says_so_or_not(admin: TestClient) -> None:
    large = b"x" * ((1 << 20) + 1)
    assert admin.post("/api/v1/cameras/test", content=large).status_code == 413

    def parts():  # type: ignore[no-untyped-def]
        for _ in range(40):
            yield b"x" * (1 << 16)

    assert admin.post("/api/v1/cameras/test", content=parts()).status_code == 413


def test_a_request_that_does_not_come_to_an_end_is_refused() -> None:
    said: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(60)
        raise AssertionError("nobody was to wait so long")

    async def send(message: Message) -> None:
        said.append(message)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    limited = BodyLimit(quiet(app), max_bytes=10, slowest_s=0.01)
    asyncio.run(limited(scope, receive, send))
    assert said[0]["status"] == 408


def test_who_watches_a_stream_may_do_so_for_longer_than_a_request_takes_to_arrive() -> None:
    said: list[Message] = []
    requests = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if requests:
            return requests.pop()
        await asyncio.sleep(60)
        raise AssertionError("nobody was to wait so long")

    async def send(message: Message) -> None:
        said.append(message)

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(5):
            await asyncio.sleep(0.01)
            yield b"."

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    limited = BodyLimit(StreamingResponse(parts()), max_bytes=10, slowest_s=0.01)
    asyncio.run(limited(scope, receive, send))
    assert b"".join(each.get("body", b"") for each in said) == b"....."


def quiet(app: ASGIApp) -> ASGIApp:
    """An application that answers the end of a client in words of its own, as FastAPI does."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except ClientDisconnect:
            await PlainTextResponse("cannot be read", 400)(scope, receive, send)

    return answering
