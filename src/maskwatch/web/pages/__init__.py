"""The dashboard's pages."""

from __future__ import annotations

from fastapi import FastAPI


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
        favicon="/static/icon.svg",
        dark=None,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=10,
    )
