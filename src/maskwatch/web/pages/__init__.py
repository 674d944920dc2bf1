"""The dashboard's pages."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from maskwatch.web.context import WebContext
from maskwatch.web.plain.errors import nothing_there

_ICON = Path(__file__).parent.parent / "static" / "icon.svg"


class _GzipAssets(GZipMiddleware):
    """Packs NiceGUI's files only: pages are still to be given their nonce, and hold secrets."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path", "").startswith("/_nicegui/"):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def mount(app: FastAPI, web: WebContext) -> None:
    """Puts the pages onto an application. At most once in a process."""
    from nicegui import app as nicegui
    from nicegui import ui

    # Importing them registers them.
    from maskwatch.web.pages import (  # noqa: F401
        camera,
        cameras,
        events,
        live,
        overview,
        review,
        system,
        walk,
    )

    async def not_found(request: Request, _: Exception) -> Response:
        # NiceGUI's own answer is a page that it keeps for a minute, for strangers as well.
        return nothing_there(web, request)

    nicegui.add_exception_handler(404, not_found)
    ui.button.default_props("no-caps")
    ui.tabs.default_props("no-caps")
    ui.run_with(
        app,
        title="maskwatch",
        favicon=_ICON,
        dark=None,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=10,
        gzip_middleware_factory=_GzipAssets,
    )
