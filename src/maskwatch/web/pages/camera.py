"""One camera: its zones, hours and thresholds with a preview, deleting it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, get_args
from urllib.parse import quote

from nicegui import ui
from pydantic.fields import FieldInfo
from starlette.requests import Request

from maskwatch.config.cameras import CameraConfig, RuleConfig
from maskwatch.config.yaml import write_yaml
from maskwatch.frames.orientation import Turn
from maskwatch.frames.urls import mask_password
from maskwatch.runtime.monitoring.control import CameraStatus
from maskwatch.runtime.monitoring.live_hub import LivePerson, LiveView
from maskwatch.types import State
from maskwatch.web.actions import cameras
from maskwatch.web.actions.cameras import CameraDetail
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages.address_dialog import AddressDialog
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.dialogs import confirm, passing_dialog
from maskwatch.web.pages.parts import coverage_said, heading, html, state_chip
from maskwatch.web.pages.route import working_page
from maskwatch.web.pages.schedule_editor import ScheduleEditor
from maskwatch.web.pages.zone_editor import DrawnZone, ZoneEditor
from maskwatch.web.security.scopes import Scope

_EVERY_S = 1.0
_UNKNOWN_SIZE = (1280, 720)
DEFAULTS: Mapping[str, float] = {
    "coverage_below": RuleConfig().coverage_below,
    "hold_s": RuleConfig().hold_s,
    "min_face_px": CameraConfig.model_fields["min_face_px"].default,
}
"""What holds where the settings of a camera say nothing."""


@working_page("/cameras/{name}")
async def camera_page(request: Request, name: str) -> None:
    """The page."""
    desk = Desk(request)
    with desk.page(desk.words("cameras.edit", camera=name)):
        body = ui.element("div").classes("mw-stack")
    detail = await desk.ask(cameras.see_camera, name)
    if detail is None:
        return
    with body:
        page = _CameraPage(desk, detail)
    ui.timer(_EVERY_S, page.update)


class _CameraPage:
    def __init__(self, desk: Desk, detail: CameraDetail) -> None:
        self._desk, self._detail = desk, detail
        self._settings: dict[str, Any] = dict(detail.settings)
        self._seen_at = detail.changed_at
        self._size = _size_of(detail.status)
        self._may_try = desk.allows(Scope.CAMERAS_WRITE)
        self._is_ours = detail.status.from_dashboard
        self._numbers: dict[str, ui.number] = {}  # the zones are drawn before they are there
        if not self._may_try:
            ui.label(desk.words("cameras.read_only")).classes("mw-note")
        elif not self._is_ours:
            ui.label(desk.words("cameras.only_try")).classes("mw-note")
        with ui.element("div").classes("mw-split"):
            with ui.element("div").classes("mw-card"):
                heading(desk.words("cameras.zones"))
                self._editor = self._zones()
            with ui.element("div").classes("mw-stack"):
                with ui.element("div").classes("mw-card"):
                    heading(desk.words("cameras.thresholds"))
                    self._thresholds()
                with ui.element("div").classes("mw-card"):
                    heading(desk.words("cameras.hours"))
                    self._schedule = ScheduleEditor(
                        desk, self._settings.get("schedule"), can_change=self._may_try
                    )
        if self._may_try:
            self._buttons()

    def _zones(self) -> ZoneEditor:
        zones = [DrawnZone.of(each) for each in self._settings.get("zones", ())]
        return ZoneEditor(
            self._desk,
            self._frame_address(),
            self._size or _UNKNOWN_SIZE,
            zones,
            self._smallest_face,
            can_change=self._may_try,
        )

    def _frame_address(self) -> str:
        if not self._desk.web.privacy().images_allowed:
            return ""
        view = self._desk.web.hub.latest(self._detail.status.camera)
        name = quote(self._detail.status.camera, safe="")
        # The number is for the browser: another address is another picture.
        return f"/api/v1/cameras/{name}/frame.jpg?wait_s=0#{view.sequence if view else 0}"

    def _smallest_face(self) -> str:
        if self._size is None or not self._numbers:
            return ""  # how large it is in the picture nobody knows yet
        side = self._values()["min_face_px"]
        return (
            f'<rect x="8" y="8" width="{side:.0f}" height="{side:.0f}" fill="none" '
            'stroke="#fff" stroke-width="2" vector-effect="non-scaling-stroke"/>'
        )

    def _thresholds(self) -> None:
        words = self._desk.words
        rule = self._settings.get("rule", {})
        for key, settings, config in (
            ("cameras.coverage_below", rule, RuleConfig),
            ("cameras.hold_s", rule, RuleConfig),
            ("cameras.min_face_px", self._settings, CameraConfig),
        ):
            name = key.removeprefix("cameras.")
            value = settings.get(name, DEFAULTS[name])
            self._numbers[name] = _number(words(key), value, config.model_fields[name])
        self._editor.draw()
        self._numbers["min_face_px"].on_value_change(self._editor.draw)
        ui.label(words("cameras.smallest")).classes("mw-faint")
        self._far = ui.switch(
            words("cameras.small_faces"), value=self._settings.get("small_faces", False)
        )
        self._turn = ui.select(
            {turn: f"{turn}°" for turn in get_args(Turn)},
            label=words("cameras.turn"),
            value=self._settings.get("turn", 0),
        )
        ui.label(words("cameras.turn_note")).classes("mw-faint")
        for field in (*self._numbers.values(), self._far, self._turn):
            field.set_enabled(self._may_try)
        heading(words("cameras.preview"))
        self._preview = html("")

    def _values(self) -> dict[str, float]:
        """What the fields say; an empty one means the default, as a missing key does."""
        return {
            name: DEFAULTS[name] if field.value is None else float(field.value)
            for name, field in self._numbers.items()
        }

    def _buttons(self) -> None:
        words = self._desk.words
        with ui.element("div").classes("mw-row"):
            if not self._is_ours:
                copy = ui.button(words("cameras.as_yaml"), on_click=self._show_yaml)
                copy.props("icon=content_copy")
                return
            self._save_button = ui.button(words("common.save"), icon="save", on_click=self._save)
            ui.button(
                words("cameras.change_address"), icon="link", on_click=self._ask_address
            ).props("flat")
            ui.button(words("common.delete"), icon="delete", on_click=self._delete).props(
                "flat color=negative"
            )

    async def update(self) -> None:
        """Shows the newest picture and whom the thresholds on the page would report."""
        seen = await self._desk.look(_seen, self._detail.status.camera)
        size, view = seen or (None, None)
        if size is not None and size != self._size:  # it was only connecting when the page opened
            self._size = size
            self._editor.resize(size)
        # Without one, what is there may show more than there may be seen now.
        has_picture = view is not None and view.jpeg is not None
        self._editor.show(self._frame_address() if has_picture else "")
        words, values = self._desk.words, self._values()
        lines = []
        for each in () if view is None else view.people:
            verdict = words(
                "cameras.would_alert"
                if would_alert(each, values, self._editor.zones)
                else "cameras.would_not"
            )
            chip = state_chip(self._desk, each.state, each.fault)
            said = f"#{each.track} {chip} {coverage_said(each.coverage)}"
            lines.append(f"<li><span>{said}</span><b>{escape(verdict)}</b></li>")
        hides_people = self._desk.web.privacy().statistics_only
        nobody = words("cameras.no_preview" if hides_people else "live.nobody")
        empty = f"<p class='mw-faint'>{escape(nobody)}</p>"
        self._preview.set_content(f"<ul class='mw-list'>{''.join(lines)}</ul>" if lines else empty)

    def _chosen(self) -> dict[str, Any]:
        """The settings that this page is for, as in the configuration."""
        values = self._values()
        return {
            "rule": {
                **self._settings.get("rule", {}),
                "coverage_below": values["coverage_below"],
                "hold_s": values["hold_s"],
            },
            "min_face_px": values["min_face_px"],
            "small_faces": bool(self._far.value),
            "turn": self._turn.value,
            "schedule": self._schedule.settings(),
            "zones": [zone.settings() for zone in self._editor.zones],
        }

    def _is_whole(self) -> bool:
        """Tells what is only half done, which would be left out without a word."""
        if self._editor.is_drawing:
            self._desk.tell(self._desk.words("cameras.zone_open"), is_bad=True)
        return self._schedule.is_whole() and not self._editor.is_drawing

    def _show_yaml(self) -> None:
        if not self._is_whole():
            return
        words, name = self._desk.words, self._detail.status.camera
        text = write_yaml({"cameras": {name: self._chosen()}})
        title = words("cameras.as_yaml")
        with passing_dialog(title) as dialog, ui.card().classes("mw-detail"):
            heading(title)
            ui.label(words("cameras.yaml_hint")).classes("mw-faint")
            html(f'<pre class="mw-json mw-code" tabindex="0">{escape(text)}</pre>')
            ui.button(words("common.close"), on_click=dialog.close).props("flat")
        dialog.open()

    async def _save(self) -> None:
        if not self._is_whole():
            return
        self._save_button.set_enabled(False)  # starting a camera takes seconds
        await self._change(self._chosen())
        self._save_button.set_enabled(True)

    def _ask_address(self) -> None:
        words = self._desk.words
        hint = words("cameras.present_address", address=self._settings["url"])
        AddressDialog(self._desk, words("cameras.change_address"), hint, self._change_address)

    async def _change_address(self, url: str) -> bool:
        """Saves nothing else of the page, which may be only half done."""
        changed = await self._change({"url": url})
        if changed:
            self._settings["url"] = mask_password(url)
        return changed

    async def _change(self, changes: Mapping[str, Any]) -> bool:
        settings = {**self._settings, **changes}
        name = self._detail.status.camera
        made = await self._desk.ask(cameras.change_camera, name, settings, self._seen_at)
        if made is None:
            return False
        self._settings, self._seen_at = settings, made.changed_at
        self._desk.tell_outcome(made.outcome, "common.saved")
        return True

    async def _delete(self) -> None:
        name = self._detail.status.camera
        if not await confirm(self._desk, self._desk.words("cameras.delete_sure", camera=name)):
            return
        if await self._desk.ask(cameras.delete_camera, name) is not None:
            ui.navigate.to("/cameras")


def _seen(
    web: WebContext, principal: Principal, name: str
) -> tuple[tuple[int, int] | None, LiveView | None]:
    """The size of what a camera sends, and what it sees."""
    view = cameras.live_view(web, principal, name)
    return _size_of(cameras.see_camera(web, principal, name).status), view


def _size_of(status: CameraStatus) -> tuple[int, int] | None:
    """Width and height of its pictures; None before the first one."""
    return (status.width, status.height) if status.width else None


def would_alert(
    person: LivePerson, values: Mapping[str, float], zones: Sequence[DrawnZone]
) -> bool:
    """Whether thresholds would report somebody, those of a zone of its own first."""
    if person.exempt or person.state is State.UNKNOWN or person.coverage is None:
        return False
    is_seen = person.face_px is None or person.face_px >= values["min_face_px"]
    of_zones = {each.name: each.more.get("coverage_below") for each in zones}
    of_zone = None if person.zone is None else of_zones.get(person.zone)
    return is_seen and person.coverage < (values["coverage_below"] if of_zone is None else of_zone)


def _number(label: str, value: float, field: FieldInfo) -> ui.number:
    """For a setting, with its limits: beyond them the page would change the value by itself."""
    least, most = (
        next(getattr(each, of) for each in field.metadata if hasattr(each, of))
        for of in ("ge", "le")
    )
    return ui.number(label, value=value, min=least, max=most).style("width: 100%")
