"""Cameras: all of them, adding one after a look at its picture."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from html import escape
from urllib.parse import quote

from nicegui import ui
from starlette.requests import Request

from maskwatch.runtime.control import CameraPhase, CameraStatus, ReloadOutcome
from maskwatch.web.actions import cameras
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import attribute, chip, heading, html
from maskwatch.web.pages.route import dashboard_page
from maskwatch.web.security.scopes import Scope


@dashboard_page("/cameras")
async def cameras_page(request: Request) -> None:
    """The page."""
    desk = Desk(request)
    with desk.page(desk.words("cameras.title")):
        page = _CamerasPage(desk)
    await page.update()


def tell_outcome(desk: Desk, outcome: ReloadOutcome) -> None:
    """Says whether a change is in force."""
    if outcome.accepted:
        desk.tell(desk.words("common.saved"))
    else:
        problems = "; ".join(outcome.problems)
        desk.tell(desk.words("cameras.reload_refused", problems=problems), is_bad=True)


class _CamerasPage:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        if desk.allows(Scope.CAMERAS_WRITE):
            ui.button(desk.words("cameras.add"), icon="add", on_click=self._add).props("no-caps")
        self._list = ui.element("div").classes("mw-grid")

    async def update(self) -> None:
        states = await self._desk.look(cameras.list_cameras)
        if states is None:
            return
        self._list.clear()
        with self._list:
            for each in states:
                self._card(each)

    def _card(self, status: CameraStatus) -> None:
        words, name = self._desk.words, status.camera
        with ui.element("section").classes("mw-card").props(f"aria-label={attribute(name)}"):
            phase = chip(status.phase.value, words(f"phase.{status.phase.value}"))
            html(f'<div class="mw-card-head"><span>{escape(name)}</span>{phase}</div>')
            facts = [status.address]
            if status.width:
                facts.append(f"{status.width} x {status.height}")
            if not status.from_dashboard:
                facts.append(words("cameras.from_file"))
            ui.label(" · ".join(facts)).classes("mw-faint")
            if status.reason:
                ui.label(status.reason).classes("mw-warn")
            with ui.element("div").classes("mw-row"):
                path = f"/cameras/{quote(name, safe='')}"
                ui.link(words("cameras.edit", camera=name), path)
                if self._desk.allows(Scope.CAMERAS_WRITE):
                    ui.link(words("cameras.walk"), f"{path}/walk")
                    self._switch(status)

    def _switch(self, status: CameraStatus) -> None:
        is_on = status.phase is not CameraPhase.STOPPED
        text = self._desk.words("cameras.stop" if is_on else "cameras.start")

        async def switch() -> None:
            await self._desk.ask(cameras.switch_camera, status.camera, not is_on)
            await self.update()

        ui.button(text, on_click=switch).props(
            f"flat dense no-caps aria-label={attribute(f'{text}: {status.camera}')}"
        )

    def _add(self) -> None:
        _AddDialog(self._desk, self.update)


class _AddDialog:
    """Name and address, a test, and only then the button to save."""

    def __init__(self, desk: Desk, on_added: Callable[[], Awaitable[None]]) -> None:
        self._desk, self._on_added = desk, on_added
        words = desk.words
        self._dialog = ui.dialog().props(f"aria-label={attribute(words('cameras.add'))}")
        with self._dialog, ui.card().classes("mw-detail"):
            heading(words("cameras.add"))
            self._name = ui.input(words("cameras.name")).props("autofocus maxlength=64")
            self._url = ui.input(words("cameras.url"), on_change=self._forget)
            self._url.props(f"hint={attribute(words('cameras.url_hint'))} autocomplete=off")
            self._url.style("width: 100%")
            with ui.element("div").classes("mw-row"):
                self._test_button = ui.button(words("cameras.test"), on_click=self._test)
                self._save_button = ui.button(words("common.save"), on_click=self._save)
                cancel = ui.button(words("common.cancel"), on_click=self._dialog.close)
                for button in (self._test_button, self._save_button, cancel):
                    button.props("no-caps")
                cancel.props("flat")
                self._test_button.props("outline")
            self._said = ui.label(words("cameras.test_first")).classes("mw-faint")
            self._said.props('role="status"')
            self._picture = ui.element("div")
        self._save_button.set_enabled(False)
        self._dialog.open()

    def _forget(self) -> None:
        self._save_button.set_enabled(False)
        self._picture.clear()

    async def _test(self) -> None:
        words, url = self._desk.words, (self._url.value or "").strip()
        self._forget()
        self._said.set_text(words("cameras.testing"))
        self._test_button.set_enabled(False)
        jpeg = await self._desk.ask(cameras.test_camera, url)
        self._test_button.set_enabled(True)
        self._said.set_text("" if jpeg else words("cameras.test_first"))
        if jpeg is None or url != (self._url.value or "").strip():
            return
        self._save_button.set_enabled(True)
        with self._picture:
            # In the page itself: the picture of a camera that is not ours yet is kept nowhere.
            source = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
            image = ui.element("img").classes("mw-picture")
            image.props(f"src={source} alt={attribute(words('cameras.test_picture'))}")

    async def _save(self) -> None:
        name, url = (self._name.value or "").strip(), (self._url.value or "").strip()
        outcome = await self._desk.ask(cameras.add_camera, name, {"url": url})
        if outcome is not None:
            tell_outcome(self._desk, outcome)
            self._dialog.close()
            await self._on_added()
