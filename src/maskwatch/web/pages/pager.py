"""Leafing through what comes in pages, the newest first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from maskwatch.web.pages.desk import Desk


class Pager:
    """Two buttons, and which page is wanted.

    Args:
        desk: of the page.
        show: shows the page that is wanted.
    """

    def __init__(self, desk: Desk, show: Callable[[], Awaitable[None]]) -> None:
        self.after: str | None = None
        """What leads to the page that is wanted; None for the newest."""
        self._following: str | None = None
        self._show = show
        with ui.element("div").classes("mw-row"):
            self._newest = ui.button(desk.words("common.newest"), on_click=self.first)
            self._older = ui.button(desk.words("common.more"), on_click=self._go_on)
            for button in (self._newest, self._older):
                button.props("outline").set_enabled(False)

    async def first(self) -> None:
        """Goes to the newest page."""
        self.after = None
        await self._show()

    async def _go_on(self) -> None:
        self.after = self._following
        await self._show()

    def shown(self, following: str | None) -> None:
        """A page is there.

        Args:
            following: what leads to the next one; None on the last.
        """
        self._following = following
        self._newest.set_enabled(self.after is not None)
        self._older.set_enabled(following is not None)
