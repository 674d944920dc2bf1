"""Refuses requests that are larger, or slower to arrive, than anything this server expects."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maskwatch.web.problem import problem

SLOWEST_S = 60.0
"""How long a whole request may take to arrive."""


class _TooLarge(Exception):
    pass


class BodyLimit:
    """Answers 413 to larger requests, also to those that do not say how large they are.

    Those that do not come to an end are answered 408: each holds a connection.

    Args:
        app: what to wrap.
        max_bytes: the most that is read.
        slowest_s: the longest that is waited for all of it.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int, slowest_s: float = SLOWEST_S) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._slowest_s = slowest_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        too_large = 413, "request too large", f"a request may have at most {self._max_bytes} bytes"
        too_slow = 408, "request too slow", f"a request may take at most {self._slowest_s:g} s"
        if _announced(scope) > self._max_bytes:
            await _refuse(scope, receive, send, *too_large)
            return
        received = 0
        is_whole = has_begun = False
        refusal: tuple[int, str, str] | None = None
        ends_at = asyncio.get_running_loop().time() + self._slowest_s

        async def counted() -> Message:
            nonlocal received, is_whole, refusal
            if is_whole:
                return await receive()  # whether the client is still there
            try:
                async with asyncio.timeout_at(ends_at):
                    message = await receive()
            except TimeoutError:
                refusal = too_slow
                return {"type": "http.disconnect"}
            is_whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                refusal = too_large
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal has_begun
            # Whoever read the body may answer the interruption in its own words: not those count.
            if has_begun or refusal is None:
                has_begun = True
                await send(message)

        with suppress(_TooLarge):
            await self._app(scope, counted, watched)
        if refusal is not None and not has_begun:
            await _refuse(scope, receive, send, *refusal)


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, title: str, detail: str
) -> None:
    await problem(status, title, detail, {"Connection": "close"})(scope, receive, send)


def _announced(scope: Scope) -> int:
    """The length that the request says it has; 0 when it says nothing that can be read."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
