"""Small pieces that several pages are made of. All text is escaped here, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from html import escape
from typing import TypeVar

from nicegui import ui

from maskwatch.palette import STYLES, as_hex
from maskwatch.store.records import EpisodeRecord, SnapshotRecord
from maskwatch.types import Fault, State
from maskwatch.web.pages.desk import Desk

T = TypeVar("T")

NO_PICTURE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
"""One transparent pixel, until there is a picture."""

STATE_SYMBOLS = {
    State.MASK: "✓",
    State.INCORRECT: "⚠",
    State.NO_MASK: "✕",
    State.UNKNOWN: "?",
}
"""Colour alone tells nothing to one viewer in twelve."""

STATE_COLOURS = {
    **{state: as_hex(style.colour) for state, style in STYLES.items()},
    State.UNKNOWN: "#8a8f9c",
}
"""In charts and around faces: lighter for what is unknown, as the ground may be black."""

CHART_TEXT = {"color": "#808591"}
CHART_LINES = {"lineStyle": {"color": "rgba(128, 133, 145, 0.3)"}}
"""Readable on white and on black alike."""


def chip(kind: str, text: str, symbol: str = "") -> str:
    """HTML of a coloured word."""
    mark = f'<span aria-hidden="true">{symbol}</span>' if symbol else ""
    return f'<span class="mw-state" data-state="{escape(kind)}">{mark}{escape(text)}</span>'


def state_chip(desk: Desk, state: State, fault: Fault | None = None) -> str:
    """HTML of a state or fault."""
    return chip(state.value, desk.said(state, fault), STATE_SYMBOLS[state])


def episode_chips(desk: Desk, episode: EpisodeRecord) -> str:
    """HTML of what an episode is about, and of what somebody says that it was instead."""
    seen = state_chip(desk, episode.state, episode.fault)
    if episode.corrected_state is None:
        return seen
    return f"<s>{seen}</s> {state_chip(desk, episode.corrected_state, episode.corrected_fault)}"


def html(text: str) -> ui.html:
    """HTML that this package made itself, with everything foreign in it escaped."""
    return ui.html(text, sanitize=False)


def heading(text: str) -> None:
    """A heading within a page."""
    html(f'<h2 class="mw-h2">{escape(text)}</h2>')


def coverage_said(coverage: float | None) -> str:
    """A coverage, such as ``12 %``; empty where there is none."""
    return "" if coverage is None else f"{coverage:.0f} %"


def moment(desk: Desk, at: datetime | None) -> str:
    """HTML of a time, which may break between day and hour only."""
    return " ".join(whole(each) for each in desk.time(at).split(" ") if each)


def whole(text: str) -> str:
    """HTML of a text that stays on one line."""
    return f'<span class="mw-whole">{escape(text)}</span>'


def chart_time(at: datetime, timezone: tzinfo) -> float:
    """A time for a chart with ``useUTC``, in milliseconds: the local time as if it were UTC.

    Left alone, charts are in the zone of the browser, and nothing else on a page is.
    """
    return at.astimezone(timezone).replace(tzinfo=UTC).timestamp() * 1000


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> str:
    """HTML of a table; the cells of ``rows`` are HTML already."""
    if not rows:
        return f'<p class="mw-faint">{escape(empty)}</p>'
    columns = "".join(f'<th scope="col">{escape(each)}</th>' for each in head)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="mw-table" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table><thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def fill(place: ui.element, items: Sequence[T], row: Callable[[T], None], empty: str) -> None:
    """Fills a ``ul`` anew: ``row`` makes each item; where there is none it says ``empty``."""
    place.clear()
    with place:
        for each in items:
            with ui.element("li"):
                row(each)
        if not items:
            with ui.element("li"):
                ui.label(empty).classes("mw-faint")


def attribute(text: str) -> str:
    """A text as a value within ``props``: quoted, so that it stays one value."""
    return '"' + text.replace("\\", "\\\\").replace('"', "'") + '"'


def named(what: str, whom: str) -> str:
    """For ``props``, what a control does, and to whom: screen readers read one out at a time."""
    return f"aria-label={attribute(f'{what}: {whom}')}"


def row_button(what: str, whom: str, act: Callable[[], object], icon: str = "") -> ui.button:
    """A button in a row of many: it says what it does, or shows an icon, and names to whom."""
    button = ui.button("" if icon else what, icon=icon or None, on_click=act)
    return button.props(f"flat dense {'round ' if icon else ''}{named(what, whom)}")


def photo(address: str, snapshot: SnapshotRecord, alt: str, only: int | None = None) -> str:
    """HTML of a photo with frames around its faces, or around one of them."""
    return (
        f'<div class="mw-photo"><img class="mw-picture" src="{escape(address)}" '
        f'alt="{escape(alt)}" width="{snapshot.width}" height="{snapshot.height}">'
        f'<svg viewBox="0 0 {snapshot.width} {snapshot.height}" aria-hidden="true">'
        f"{_face_frames(snapshot, only)}</svg></div>"
    )


def _face_frames(snapshot: SnapshotRecord, only: int | None) -> str:
    width = max(2.0, snapshot.width / 200)
    frames = []
    for i, face in enumerate(snapshot.faces):
        if only is not None and i != only:
            continue
        colour = STATE_COLOURS[face.state] if only is None else "#ffffff"
        box = face.box
        shape = (
            f'x="{box.x0:.0f}" y="{box.y0:.0f}" width="{box.x1 - box.x0:.0f}" '
            f'height="{box.y1 - box.y0:.0f}" fill="none"'
        )
        frames.append(f'<rect {shape} stroke="#000" stroke-width="{width * 2:.1f}"/>')
        frames.append(f'<rect {shape} stroke="{colour}" stroke-width="{width:.1f}"/>')
    return "".join(frames)
