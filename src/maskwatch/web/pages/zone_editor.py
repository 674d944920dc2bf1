"""Drawing zones on a camera's picture, with the mouse, a finger or the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.dialogs import passing_dialog
from maskwatch.web.pages.parts import attribute, heading
from maskwatch.web.pages.schedule_editor import ScheduleEditor

_STEP = 0.02
_DRAWN_PX = 1000
"""Width of a picture, in pixels, on which lines and letters have the size written here."""
_MOVES = {
    "ArrowLeft": (-_STEP, 0.0),
    "ArrowRight": (_STEP, 0.0),
    "ArrowUp": (0.0, -_STEP),
    "ArrowDown": (0.0, _STEP),
}
_COLOURS = {"include": "#2fd0a8", "exclude": "#ff6b5e"}


@dataclass(frozen=True, slots=True)
class DrawnZone:
    """A closed zone."""

    name: str
    use: str
    """``include`` or ``exclude``."""
    polygon: tuple[tuple[float, float], ...]
    """Shares of width and height."""
    more: dict[str, Any]
    """Settings of the zone that are not drawn here, kept as they are."""

    @classmethod
    def of(cls, settings: dict[str, Any]) -> DrawnZone:
        """Of a zone in the configuration."""
        more = {k: v for k, v in settings.items() if k not in ("name", "use", "polygon")}
        polygon = tuple((float(x), float(y)) for x, y in settings["polygon"])
        return cls(settings["name"], settings.get("use", "include"), polygon, more)

    def settings(self) -> dict[str, Any]:
        """As in the configuration."""
        polygon = [list(corner) for corner in self.polygon]
        return {"name": self.name, "use": self.use, "polygon": polygon, **self.more}


class ZoneEditor:
    """The picture with its zones, and the controls below it.

    Args:
        desk: of the page.
        source: address of the picture.
        size: width and height in pixels of what the camera sends.
        zones: those that are there.
        overlay: SVG to draw beneath the zones, in pixels of the camera.
        can_change: whether there is anything to draw with.
    """

    def __init__(
        self,
        desk: Desk,
        source: str,
        size: tuple[int, int],
        zones: Sequence[DrawnZone],
        overlay: Callable[[], str],
        *,
        can_change: bool = True,
    ) -> None:
        self.zones = list(zones)
        self._desk, self._size, self._overlay = desk, size, overlay
        self._can_change = can_change
        self._corners: list[tuple[float, float]] = []
        self._cross = (0.5, 0.5)
        if can_change:
            ui.label(desk.words("cameras.zones_hint")).classes("mw-faint")
        self._frame = (
            ui.element("div").classes("mw-editor").props('tabindex="0" role="application"')
        )
        with self._frame:
            self._image = ui.interactive_image(source, size=size, sanitize=False)
            self._image.classes("mw-picture")
            # The element's own event tells pixels of the loaded picture: 0 before there is one.
            self._image.on(
                "click",
                self._click,
                js_handler="""(e) => emit({x: e.offsetX / e.target.clientWidth,
                    y: e.offsetY / e.target.clientHeight})""",
            )
            # What there is to know and do is said by the frame around it.
            self._image.props("aria-hidden=true")
        self._frame.on(
            "keydown",
            self._key,
            args=["key"],
            js_handler="""(e) => { if (e.key.startsWith('Arrow') || ['Enter', 'Backspace']
                .includes(e.key)) { e.preventDefault(); emit({key: e.key}); } }""",
        )
        self._controls = ui.element("div").classes("mw-row")
        self._controls.set_visibility(can_change)
        with self._controls:
            self._draw_controls()
        self._list = ui.element("ul").classes("mw-list")
        self.draw()

    def _draw_controls(self) -> None:
        words = self._desk.words
        self._name = ui.input(words("cameras.zone_name"), on_change=self.draw)
        self._name.props("maxlength=64")
        uses = {use: words(f"cameras.zone_{use}") for use in _COLOURS}
        self._use = ui.select(uses, value="include", label=words("cameras.zone_use"))
        self._close = ui.button(words("cameras.zone_close"), on_click=self._close_zone)
        undo = ui.button(words("cameras.zone_undo"), on_click=self._undo)
        for button in (self._close, undo):
            button.props("outline")

    @property
    def is_drawing(self) -> bool:
        """Whether there are corners that are no zone yet."""
        return bool(self._corners)

    @property
    def _unit(self) -> float:
        """Lines and letters are as thick on the page whatever the camera sends."""
        return self._size[0] / _DRAWN_PX

    def resize(self, size: tuple[int, int]) -> None:
        """Goes on with pictures of another size, in pixels of what the camera sends."""
        self._size = size
        self._image.props["size"] = size
        self.draw()

    def show(self, source: str) -> None:
        """Replaces the picture."""
        self._image.set_source(source)

    def draw(self) -> None:
        """Draws everything anew."""
        (width, height), unit = self._size, self._unit
        parts = [self._overlay()]
        parts += [self._polygon(zone.polygon, zone.use, zone.name) for zone in self.zones]
        if self._corners:
            points = " ".join(f"{x * width:.1f},{y * height:.1f}" for x, y in self._corners)
            colour = _COLOURS[self._use.value]
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" '
                f'stroke-width="{3 * unit:.1f}"/>'
            )
            parts += [
                f'<circle cx="{x * width:.1f}" cy="{y * height:.1f}" r="{6 * unit:.1f}" '
                f'fill="{colour}"/>'
                for x, y in self._corners
            ]
        if self._can_change:
            x, y = self._cross[0] * width, self._cross[1] * height
            arm = 12 * unit
            cross = f"M{x - arm:.1f} {y:.1f}h{2 * arm:.1f}M{x:.1f} {y - arm:.1f}v{2 * arm:.1f}"
            parts += [
                f'<path d="{cross}" stroke="{colour}" stroke-width="{thick * unit:.1f}"/>'
                for colour, thick in (("#000", 5), ("#fff", 2))
            ]
        # Live pictures are smaller than the camera's: what is drawn has its own scale.
        self._image.set_content(
            f'<svg viewBox="0 0 {width} {height}" width="100%" height="100%" '
            f'preserveAspectRatio="none">{"".join(parts)}</svg>'
        )
        label = self._desk.words("cameras.canvas", count=len(self._corners))
        self._frame.props(f"aria-label={attribute(label)}")
        name = (self._name.value or "").strip()
        is_new = name not in [zone.name for zone in self.zones]
        self._close.set_enabled(len(self._corners) >= 3 and bool(name) and is_new)
        self._draw_list()

    def _polygon(self, corners: Sequence[tuple[float, float]], use: str, name: str) -> str:
        (width, height), unit = self._size, self._unit
        points = " ".join(f"{x * width:.1f},{y * height:.1f}" for x, y in corners)
        x, y = corners[0][0] * width + 6 * unit, corners[0][1] * height + 22 * unit
        colour = _COLOURS[use]
        return (
            f'<polygon points="{points}" fill="{colour}" fill-opacity="0.2" stroke="{colour}" '
            f'stroke-width="{3 * unit:.1f}"/><text x="{x:.1f}" y="{y:.1f}" fill="#fff" '
            f'stroke="#000" stroke-width="{4 * unit:.1f}" style="paint-order: stroke" '
            f'font-size="{22 * unit:.1f}">{escape(name)}</text>'
        )

    def _draw_list(self) -> None:
        self._list.clear()
        with self._list:
            for zone in self.zones:
                with ui.element("li"):
                    self._zone(zone)

    def _zone(self, zone: DrawnZone) -> None:
        words = self._desk.words
        facts = [words(f"cameras.zone_{zone.use}")]
        if zone.more.get("schedule") is not None:
            facts.append(words("cameras.zone_own_hours"))
        if zone.more.get("coverage_below") is not None:
            facts.append(f"< {words.number(zone.more['coverage_below'], None)} %")
        ui.label(f"{zone.name} ({', '.join(facts)})")
        if not self._can_change:
            return
        buttons = (
            ("schedule", "cameras.zone_settings", self._settings),
            ("delete", "cameras.zone_delete", self._delete),
        )
        with ui.element("div"):
            for icon, key, act in buttons:
                button = ui.button(icon=icon, on_click=partial(act, zone))
                label = attribute(words(key, zone=zone.name))
                button.props(f"flat round dense aria-label={label}")

    async def _settings(self, zone: DrawnZone) -> None:
        words = self._desk.words

        def done() -> None:
            if schedule.is_whole():
                dialog.submit(True)

        title = words("cameras.zone_settings", zone=zone.name)
        with passing_dialog(title) as dialog, ui.card():
            heading(title)
            schedule = ScheduleEditor(self._desk, zone.more.get("schedule"), inherits=True)
            below = ui.number(
                words("cameras.coverage_below"),
                value=zone.more.get("coverage_below"),
                min=0,
                max=100,
            ).style("width: 100%")
            below.props(f"hint={attribute(words('cameras.zone_coverage_hint'))} clearable")
            with ui.element("div").classes("mw-row"):
                ui.button(words("common.done"), on_click=done)
                ui.button(words("common.cancel"), on_click=dialog.close).props("flat")
        if await dialog:
            values = {"schedule": schedule.settings(), "coverage_below": below.value}
            more = {k: v for k, v in {**zone.more, **values}.items() if v is not None}
            self.zones[self.zones.index(zone)] = replace(zone, more=more)
            self.draw()

    def _click(self, event: GenericEventArguments) -> None:
        if self._can_change:
            self._add(event.args["x"], event.args["y"])

    def _key(self, event: GenericEventArguments) -> None:
        if not self._can_change:
            return
        key = event.args["key"]
        if key in _MOVES:
            dx, dy = _MOVES[key]
            self._cross = (_within(self._cross[0] + dx), _within(self._cross[1] + dy))
            self.draw()
        elif key == "Enter":
            self._add(*self._cross)
        elif key == "Backspace":
            self._undo()

    def _add(self, x: float, y: float) -> None:
        self._cross = (_within(x), _within(y))
        self._corners.append((round(self._cross[0], 4), round(self._cross[1], 4)))
        self.draw()

    def _undo(self) -> None:
        if self._corners:
            self._corners.pop()
        self.draw()

    def _close_zone(self) -> None:
        name = (self._name.value or "").strip()
        self.zones.append(DrawnZone(name, self._use.value, tuple(self._corners), {}))
        self._corners = []
        self._name.set_value("")
        self.draw()

    def _delete(self, zone: DrawnZone) -> None:
        self.zones.remove(zone)
        self.draw()


def _within(share: float) -> float:
    return min(1.0, max(0.0, share))
