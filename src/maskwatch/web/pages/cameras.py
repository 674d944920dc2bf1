"""Cameras: all of them, adding one after a look at its picture."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from nicegui import ui
from starlette.requests import Request

from maskwatch.runtime.monitoring.control import CameraPhase, CameraStatus, LeftOut
from maskwatch.web.actions import cameras
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages.address_dialog import AddressDialog
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.dialogs import confirm
from maskwatch.web.pages.newest import Newest
from maskwatch.web.pages.parts import attribute, chip, html, named, row_button
from maskwatch.web.pages.route import dashboard_page
from maskwatch.web.security.scopes import Scope

_EVERY_S = 2.0


@dashboard_page("/cameras")
async def cameras_page(request: Request) -> None:
    """The page."""
    desk = Desk(request)
    with desk.page(desk.words("cameras.title")):
        page = _CamerasPage(desk)
    await page.update()
    ui.timer(_EVERY_S, page.update)


class _CamerasPage:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        if desk.allows(Scope.CAMERAS_WRITE):
            ui.button(desk.words("cameras.add"), icon="add", on_click=self._add)
        self._lists = Newest()
        self._list = ui.element("div").classes("mw-grid")
        self._shown: Sequence[object] | None = None

    async def update(self) -> None:
        found = await self._lists.of(self._desk.look(_everything))
        if found is None:
            return
        states, left_out = found
        shown = [*map(_essence, states), *left_out]
        if shown == self._shown:
            return  # cards that are made anew lose the focus
        self._shown = shown
        self._list.clear()
        with self._list:
            if not shown:
                ui.label(self._desk.words("live.no_cameras"))
            for each in states:
                self._card(each)
            for camera in left_out:
                self._left_out(camera)

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
                    walk = words("cameras.walk")
                    ui.link(walk, f"{path}/walk").props(named(walk, name))
                    if status.enabled:
                        self._switch(status)

    def _left_out(self, camera: LeftOut) -> None:
        words, name = self._desk.words, camera.name
        state = words("cameras.not_watched")

        async def delete() -> None:
            if not await confirm(self._desk, words("cameras.delete_sure", camera=name)):
                return
            await self._desk.ask(cameras.delete_camera, name)
            await self.update()

        label = attribute(f"{name}: {state}")  # the file may have a camera of that name
        with ui.element("section").classes("mw-card").props(f"aria-label={label}"):
            head = f"<span>{escape(name)}</span>{chip('lost', state)}"
            html(f'<div class="mw-card-head">{head}</div>')
            why = "; ".join(camera.problems) or words("cameras.name_in_file")
            ui.label(why).classes("mw-warn")
            if self._desk.allows(Scope.CAMERAS_WRITE):
                button = row_button(words("common.delete"), name, delete)
                button.props("icon=delete color=negative")

    def _switch(self, status: CameraStatus) -> None:
        is_on = status.phase is not CameraPhase.STOPPED
        text = self._desk.words("cameras.stop" if is_on else "cameras.start")

        async def switch() -> None:
            await self._desk.ask(cameras.switch_camera, status.camera, not is_on)
            await self.update()

        row_button(text, status.camera, switch)

    def _add(self) -> None:
        words = self._desk.words

        def ask_name() -> None:
            self._name = ui.input(words("cameras.name")).props("autofocus maxlength=64")

        AddressDialog(
            self._desk, words("cameras.add"), words("cameras.url_hint"), self._save, ask_name
        )

    async def _save(self, url: str) -> bool:
        name = (self._name.value or "").strip()
        outcome = await self._desk.ask(cameras.add_camera, name, {"url": url})
        if outcome is None:
            return False
        self._desk.tell_outcome(outcome, "common.saved")
        await self.update()
        return True


def _everything(
    web: WebContext, principal: Principal
) -> tuple[Sequence[CameraStatus], Sequence[LeftOut]]:
    return cameras.list_cameras(web, principal), cameras.left_out(web, principal)


def _essence(status: CameraStatus) -> tuple[object, ...]:
    """What a card says."""
    return (
        *(status.camera, status.phase, status.address, status.width, status.height),
        *(status.reason, status.from_dashboard, status.enabled),
    )
