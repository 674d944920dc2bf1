"""Lets only those into the dashboard who are logged in, and onto pages that their role allows.

The REST API finds out by itself who asks (see ``api/access.py``), and every action whether they
may; this is for the pages and for the socket that they keep open.
"""

from __future__ import annotations

from urllib.parse import quote

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from maskwatch.errors import NotLoggedIn, StoreError
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal, of_session
from maskwatch.web.plain.errors import away, refused
from maskwatch.web.security.origin import is_own_origin
from maskwatch.web.security.scopes import scope_of_page
from maskwatch.web.text import Words

SOCKET = "/_nicegui_ws/"
_OPEN = ("/api/", "/login", "/setup/", "/a/", "/static/", "/healthz", "/readyz", "/metrics")
_ASSETS = "/_nicegui/"
"""NiceGUI's own files, the same for everybody."""


class DashboardGate:
    """Sends strangers to the login page; puts the principal into ``request.state.principal``.

    Args:
        app: what to wrap.
        web: whose sessions count.
    """

    def __init__(self, app: ASGIApp, *, web: WebContext) -> None:
        self._app = app
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] not in ("http", "websocket") or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        is_socket = scope["path"].startswith(SOCKET)
        if is_socket and not is_own_origin(self._web.config, Headers(scope=scope)):
            await self._refuse(scope, receive, send, PlainTextResponse("foreign origin", 403))
            return
        try:
            principal = await self._principal(connection)
        except StoreError as error:
            await self._refuse(scope, receive, send, away(self._web, connection, error))
            return
        if principal is None:
            answer: Response = PlainTextResponse("not logged in", 401)
            if not is_socket and scope["type"] == "http":
                answer = RedirectResponse(login_address(scope), 303)
            await self._refuse(scope, receive, send, answer)
            return
        needed = scope_of_page(scope["path"])
        if needed is not None and not principal.allows(needed):
            words = Words.of(principal.user.language)
            await self._refuse(scope, receive, send, refused(words))
            return
        state = scope.setdefault("state", {})
        state["web"], state["principal"] = self._web, principal
        await self._app(scope, receive, send)

    async def _principal(self, connection: HTTPConnection) -> Principal | None:
        secret = self._web.cookie.of(connection.cookies)
        if secret is None:
            return None
        try:
            return await to_thread.run_sync(of_session, self._web, secret)
        except NotLoggedIn:
            return None

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
        if scope["type"] == "websocket":
            await receive()  # the wish to connect, which has to be taken before it is refused
            await send({"type": "websocket.close", "code": 4401})
            return
        await answer(scope, receive, send)


def login_address(scope: Scope) -> str:
    """Where to log in, and then go on to the page that was asked for, its query included."""
    query = scope["query_string"].decode("latin-1")
    path = quote(scope["path"], safe="/")
    target = quote(f"{path}?{query}" if query else path, safe="/")
    return f"/login?next={target}"


def _is_open(path: str) -> bool:
    return path.startswith((*_OPEN, _ASSETS))
