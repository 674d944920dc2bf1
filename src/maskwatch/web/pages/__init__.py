"""The dashboard's pages."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

_ICON = Path(__file__).parent.parent / "static" / "icon.svg"


class _GzipAssets(GZipMiddleware):
    """Packs NiceGUI's files only: pages are still to be given their nonce, and hold secrets."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path", "").startswith("/_nicegui/"):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def mount(app: FastAPI) -> None:
    """Puts the pages onto an application. At most once in a process."""
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
