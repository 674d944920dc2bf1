"""Asks for the address of a camera, which can be saved once a picture came from it."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable

from nicegui import ui

from maskwatch.web.actions import cameras
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.dialogs import passing_dialog
from maskwatch.web.pages.parts import attribute, heading


class AddressDialog:
    """An address, a test, and only then the button to save.

    Args:
        desk: of the page.
        title: of the dialog.
        hint: below the address.
        save: gets the tested address; the dialog stays open if it gives False.
        before: makes what else is asked, above the address.
    """

    def __init__(
        self,
        desk: Desk,
        title: str,
        hint: str,
        save: Callable[[str], Awaitable[bool]],
        before: Callable[[], object] = lambda: None,
    ) -> None:
        self._desk, self._keep = desk, save
        words = desk.words
        self._dialog = passing_dialog(title)
        with self._dialog, ui.card().classes("mw-detail"):
            heading(title)
            before()
            self._url = ui.input(words("cameras.url"), on_change=self._forget)
            self._url.props(f"hint={attribute(hint)} autocomplete=off")
            self._url.style("width: 100%")
            with ui.element("div").classes("mw-row"):
                self._test_button = ui.button(words("cameras.test"), on_click=self._test)
                self._save_button = ui.button(words("common.save"), on_click=self._save)
                cancel = ui.button(words("common.cancel"), on_click=self._dialog.close)
                cancel.props("flat")
                self._test_button.props("outline")
            shows = desk.web.privacy().images_allowed
            self._hint = words("cameras.test_first" if shows else "cameras.test_first_size")
            self._said = ui.label(self._hint).classes("mw-faint")
            self._said.props('role="status"')
            self._picture = ui.element("div")
        self._save_button.set_enabled(False)
        self._dialog.open()

    def _forget(self) -> None:
        self._save_button.set_enabled(False)
        self._picture.clear()

    async def _test(self) -> None:
        words, url = self._desk.words, self._address()
        self._forget()
        self._said.set_text(words("cameras.testing"))
        self._test_button.set_enabled(False)
        probe = await self._desk.ask(cameras.test_camera, url)
        self._test_button.set_enabled(True)
        if probe is None or url != self._address():
            self._said.set_text(self._hint)
            return
        self._save_button.set_enabled(True)
        self._said.set_text(words("cameras.test_size", width=probe.width, height=probe.height))
        if probe.jpeg is not None:
            self._show(probe.jpeg)

    def _show(self, jpeg: bytes) -> None:
        with self._picture:
            # In the page itself: the picture of a camera that is not ours yet is kept nowhere.
            source = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
            image = ui.element("img").classes("mw-picture")
            image.props(f"src={source} alt={attribute(self._desk.words('cameras.test_picture'))}")

    async def _save(self) -> None:
        self._save_button.set_enabled(False)  # starting a camera takes seconds
        if await self._keep(self._address()):
            self._dialog.close()
        else:
            self._save_button.set_enabled(True)

    def _address(self) -> str:
        return (self._url.value or "").strip()
