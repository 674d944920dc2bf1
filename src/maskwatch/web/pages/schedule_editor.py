"""Choosing when masks are required: always, or at certain hours of certain days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from maskwatch.config.cameras import Weekday
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import attribute

_INHERIT, _ALWAYS, _HOURS = "inherit", "always", "hours"
_WORKDAYS = [day.value for day in tuple(Weekday)[:5]]


class _Time:
    """A field for a time of the day, in hours and minutes."""

    def __init__(self, label: str, given: str) -> None:
        self._given = given
        self.field = ui.input(label, value=given[:5]).props('type="time" stack-label')

    @property
    def value(self) -> str:
        """What it says; seconds, which it does not show, stay as long as nobody changes it."""
        shown = str(self.field.value or "")
        return self._given if shown == self._given[:5] else shown


@dataclass(frozen=True, slots=True)
class _Row:
    days: ui.select
    start: _Time
    end: _Time

    def settings(self) -> dict[str, Any]:
        days = [day.value for day in Weekday if day.value in (self.days.value or ())]
        return {"days": days, "start": self.start.value, "end": self.end.value}


class ScheduleEditor:
    """The controls for one schedule.

    Args:
        desk: of the page.
        settings: the schedule as in the configuration; None when there is none.
        inherits: whether having none is a choice of its own (a zone follows its camera then);
            otherwise it means always.
        can_change: whether the controls can be used.
    """

    def __init__(
        self,
        desk: Desk,
        settings: Mapping[str, Any] | None,
        *,
        inherits: bool = False,
        can_change: bool = True,
    ) -> None:
        self._desk, self._can_change = desk, can_change
        given = settings or {}
        self._given = given
        self._rows: list[_Row] = []
        words = desk.words
        modes = (_INHERIT, _ALWAYS, _HOURS) if inherits else (_ALWAYS, _HOURS)
        mode = _INHERIT if inherits and settings is None else _ALWAYS
        self._mode = ui.select(
            {each: words(f"schedule.{each}") for each in modes},
            value=_HOURS if given.get("hours") else mode,
            label=words("schedule.title"),
            on_change=self._first_row,
        ).style("width: 100%")
        self._mode.set_enabled(can_change)
        self._place = ui.element("div").classes("mw-stack")
        with ui.element("div") as below:
            self._holidays = ui.input(
                words("schedule.holidays"), value=", ".join(given.get("holidays", ()))
            ).style("width: 100%")
            self._holidays.props(f"hint={attribute(words('schedule.holidays_hint'))}")
            self._holidays.set_enabled(can_change)
            if can_change:
                add = ui.button(words("schedule.add"), icon="add", on_click=lambda: self._row())
                add.props("flat dense").bind_visibility_from(self._mode, "value", value=_HOURS)
        self._place.bind_visibility_from(self._mode, "value", value=_HOURS)
        below.bind_visibility_from(self._mode, "value", backward=lambda mode: mode != _INHERIT)
        for hours in given.get("hours", ()):
            self._row(hours)

    def settings(self) -> dict[str, Any] | None:
        """As in the configuration; None to follow the camera."""
        if self._mode.value == _INHERIT:
            return None
        is_always = self._mode.value == _ALWAYS
        days = [day.strip() for day in (self._holidays.value or "").split(",")]
        settings = {
            **self._given,
            "hours": [] if is_always else [row.settings() for row in self._rows],
            "holidays": [day for day in days if day],
        }
        return {name: value for name, value in settings.items() if value}

    def is_whole(self) -> bool:
        """Whether it says hours where it is about some; tells that they lack otherwise.

        None at all mean always in the configuration, and nobody who removes the last ones and
        forgets to add others means that.
        """
        lacks_hours = self._mode.value == _HOURS and not self._rows
        if lacks_hours:
            self._desk.tell(self._desk.words("schedule.no_hours"), is_bad=True)
        return not lacks_hours

    def _first_row(self) -> None:
        if self._mode.value == _HOURS and not self._rows:
            self._row()

    def _row(self, hours: Mapping[str, Any] | None = None) -> None:
        words = self._desk.words
        given = hours or {"days": _WORKDAYS, "start": "07:00", "end": "19:00"}
        names = {day.value: words(f"day.{day.value}") for day in Weekday}
        with self._place, ui.element("div").classes("mw-row mw-hours") as line:
            days = ui.select(
                names,
                multiple=True,
                value=list(given.get("days", names)),
                label=words("schedule.days"),
            ).classes("mw-days")
            start = _Time(words("overview.from"), str(given.get("start", "00:00")))
            end = _Time(words("overview.to"), str(given.get("end", "00:00")))
            row = _Row(days, start, end)
            self._rows.append(row)
            for field in (days, start.field, end.field):
                field.set_enabled(self._can_change)
            if self._can_change:

                def remove() -> None:
                    self._rows.remove(row)
                    line.delete()

                button = ui.button(icon="delete", on_click=remove)
                button.props(f"flat round dense aria-label={attribute(words('schedule.remove'))}")
