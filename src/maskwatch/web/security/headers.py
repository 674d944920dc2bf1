"""Headers that tell browsers what a page may do, and the nonce that marks our own scripts."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SCRIPT_TAG = re.compile(rb"<script(?=[\s>])")

_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
_ONE_YEAR = "max-age=31536000"


def _policy(scripts: Iterable[str]) -> str:
    parts = {
        "default-src": "'none'",
        "script-src": " ".join(scripts),
        # Quasar and NiceGUI set style attributes.
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


class SecurityHeaders:
    """Adds the headers to every answer.

    Pages get a policy that runs scripts of this server and those inline scripts that carry the
    answer's nonce; the nonce is put into the page on its way out. Vue compiles its templates in
    the browser, hence 'unsafe-eval': a script that got into the page's text still does not run.

    Args:
        app: what to wrap.
        is_https: whether to demand HTTPS from now on.
    """

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._is_https = is_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Answer(send, scope["path"], self._is_https).send)


class _Answer:
    """One answer on its way out; pages are held back until they are whole."""

    def __init__(self, send: Send, path: str, is_https: bool) -> None:
        self._send = send
        self._path = path
        self._is_https = is_https
        self._held: Message | None = None
        self._body = bytearray()
        self._nonce = secrets.token_urlsafe(16)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            self._add_headers(headers)
            if headers.get("content-type", "").startswith("text/html"):
                self._held = message
                return
        elif self._held is not None:
            self._body += message.get("body", b"")
            if message.get("more_body", False):
                return
            await self._send_page(self._held)
            return
        await self._send(message)

    def _add_headers(self, headers: MutableHeaders) -> None:
        is_page = headers.get("content-type", "").startswith("text/html")
        nonce = f"'nonce-{self._nonce}'"
        scripts = ("'self'", nonce, "'unsafe-eval'") if is_page else ("'none'",)
        for name, value in _COMMON.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Security-Policy", _policy(scripts))
        if not self._path.startswith("/_nicegui/"):
            headers.setdefault("Cache-Control", "no-store")
        if self._is_https:
            headers.setdefault("Strict-Transport-Security", _ONE_YEAR)

    async def _send_page(self, start: Message) -> None:
        marked = _SCRIPT_TAG.sub(b'<script nonce="' + self._nonce.encode() + b'"', self._body)
        MutableHeaders(scope=start)["Content-Length"] = str(len(marked))
        self._held = None
        await self._send(start)
        await self._send({"type": "http.response.body", "body": marked})
