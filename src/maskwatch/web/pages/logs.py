"""What the box has done and who did what: health, the audit log, deletions."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from html import escape
from typing import Any, TypeVar

from nicegui import ui

from maskwatch.store.records import DeletionRecord, HealthRecord, Page
from maskwatch.web.actions import system
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.newest import Newest
from maskwatch.web.pages.pager import Pager
from maskwatch.web.pages.parts import html, moment, table

_ROWS = 50

_Rows = tuple[Sequence[Sequence[str]], str | None]
"""HTML of the cells, and what leads to the rows that follow."""

T = TypeVar("T")


def _log(
    desk: Desk,
    caption: str,
    head: Sequence[str],
    load: Callable[[str | None], Awaitable[_Rows | None]],
) -> None:
    """A table that can be paged, the newest rows first."""
    words = desk.words
    body = html("").classes("mw-card")
    pages = Newest()

    async def show() -> None:
        found = await pages.of(load(pager.after))
        if found is None:
            return
        rows, following = found
        body.set_content(table(caption, head, rows, words("common.none")))
        pager.shown(following)

    pager = Pager(desk, show)
    desk.soon(show)


def _pages(
    desk: Desk,
    caption: str,
    head: Sequence[str],
    page_after: Callable[[str | None], Awaitable[Page[T] | None]],
    cells: Callable[[T], Sequence[str]],
) -> None:
    """A log that comes in pages: what follows ``after``, and the HTML of each record."""

    async def load(after: str | None) -> _Rows | None:
        page = await page_after(after)
        return None if page is None else ([cells(each) for each in page.items], page.next)

    _log(desk, desk.words(caption), [desk.words(key) for key in head], load)


def _code(desk: Desk, kind: str, code: str) -> str:
    """HTML of the word for a code; the code itself under the mouse."""
    return f'<span title="{escape(code)}">{escape(desk.words.code(kind, code))}</span>'


def _id(text: str) -> str:
    return f'<span class="mw-code">{escape(text)}</span>'


def _details(detail: Mapping[str, Any]) -> str:
    """HTML of what else an entry says, such as where a login came from."""
    said = ", ".join(f"{name}: {_plain(value)}" for name, value in detail.items())
    return f'<span class="mw-faint">{escape(said)}</span>'


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def health(desk: Desk) -> None:
    """Changes in the health of cameras and box."""

    def cells(each: HealthRecord) -> Sequence[str]:
        return [
            moment(desk, each.at),
            escape(each.camera or desk.words("system.box")),
            _code(desk, "health", each.kind),
            _code(desk, "condition", each.state),
            escape(each.reason),
        ]

    head = ("common.time", "common.camera", "system.action", "common.state", "common.reason")
    _pages(
        desk,
        "system.health",
        head,
        lambda after: desk.look(system.health_log, None, after, _ROWS),
        cells,
    )


def deletions(desk: Desk) -> None:
    """Proof of what was deleted."""

    def cells(each: DeletionRecord) -> Sequence[str]:
        return [
            moment(desk, each.at),
            _code(desk, "deleted", each.what),
            _id(each.item),
            str(each.count),
            _code(desk, "deletion", each.reason),
            escape(each.actor),
        ]

    head = (
        *("common.time", "system.action", "system.subject", "system.count"),
        *("common.reason", "system.actor"),
    )
    _pages(
        desk,
        "system.deletions",
        head,
        lambda after: desk.look(system.deletion_log, after, _ROWS),
        cells,
    )


def audit(desk: Desk) -> None:
    """Who did and looked at what, and whether the log is as it was written."""
    words = desk.words
    with ui.element("div").classes("mw-row"):
        ui.button(words("system.audit_verify"), on_click=lambda: verify()).props("outline")
        said = ui.label().props('role="status"')

    async def verify() -> None:
        report = await desk.ask(system.verify_audit)
        if report is None:
            return
        text = words("system.audit_sound", count=report.head.seq)
        if report.broken_at is not None:
            text = words("system.audit_broken", seq=report.broken_at, reason=report.reason)
        said.set_text(text)

    async def load(after: str | None) -> _Rows | None:
        before = None if after is None else int(after)
        entries = await desk.look(system.audit_log, before, _ROWS)
        if entries is None:
            return None
        return [
            [
                str(each.seq),
                moment(desk, each.at),
                escape(each.actor),
                _code(desk, "audit", each.action),
                _id(each.subject),
                _details(each.detail),
            ]
            for each in entries
        ], str(entries[-1].seq) if len(entries) == _ROWS else None

    head = (
        *("common.time", "system.actor", "system.action", "system.subject"),
        "system.details",
    )
    _log(desk, words("system.audit"), ["#", *(words(key) for key in head)], load)
