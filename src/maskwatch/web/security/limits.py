"""Refuses requests that are larger than anything this server expects."""

from __future__ import annotations

from contextlib import suppress

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _TooLarge(Exception):
    pass


class BodyLimit:
    """Answers 413 to larger requests, also to those that do not say how large they are.

    Args:
        app: what to wrap.
        max_bytes: the most that is read.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _announced(scope) > self._max_bytes:
            await self._refuse(scope, receive, send)
            return
        received = 0
        is_too_large = has_begun = False

        async def counted() -> Message:
            nonlocal received, is_too_large
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                is_too_large = True
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal has_begun
            # Whoever read the body may answer the interruption in its own words: not those count.
            if has_begun or not is_too_large:
                has_begun = True
                await send(message)

        with suppress(_TooLarge):
            await self._app(scope, counted, watched)
        if is_too_large and not has_begun:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"a request may have at most {self._max_bytes} bytes"
        body = {"title": "request too large", "status": 413, "detail": detail}
        answer = JSONResponse(body, 413, {"Connection": "close"}, "application/problem+json")
        await answer(scope, receive, send)


def _announced(scope: Scope) -> int:
    """The length that the request says it has; 0 when it says nothing that can be read."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
