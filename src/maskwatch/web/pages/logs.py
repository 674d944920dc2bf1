"""What the box has done and who did what: messages, health, the audit log, deletions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from html import escape

from nicegui import ui

from maskwatch.store.records import DeliveryState
from maskwatch.web.actions import system
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import chip, html, moment, table
from maskwatch.web.security.scopes import Scope

_ROWS = 50

_Rows = tuple[Sequence[Sequence[str]], str | None]
"""HTML of the cells, and what leads to the rows that follow."""


def _log(
    desk: Desk,
    caption: str,
    head: Sequence[str],
    load: Callable[[str | None], Awaitable[_Rows | None]],
) -> None:
    """A table that can be paged, the newest rows first."""
    words = desk.words
    body = html("").classes("mw-card")
    following: list[str | None] = [None]

    async def show(after: str | None) -> None:
        found = await load(after)
        if found is None:
            return
        rows, following[0] = found
        body.set_content(table(caption, head, rows, words("common.none")))
        newest.set_enabled(after is not None)
        older.set_enabled(following[0] is not None)

    with ui.element("div").classes("mw-row"):
        newest = ui.button(words("common.newest"), on_click=lambda: show(None))
        older = ui.button(words("common.more"), on_click=lambda: show(following[0]))
        for button in (newest, older):
            button.props("outline no-caps")
    ui.timer(0.01, lambda: show(None), once=True)


def health(desk: Desk) -> None:
    """Changes in the health of cameras and box."""
    words = desk.words
    head = ("common.time", "common.camera", "system.action", "common.state", "common.reason")

    async def load(after: str | None) -> _Rows | None:
        page = await desk.look(system.health_log, None, after, _ROWS)
        if page is None:
            return None
        return [
            [
                moment(desk, each.at),
                escape(each.camera or words("system.box")),
                escape(each.kind),
                escape(each.state),
                escape(each.reason),
            ]
            for each in page.items
        ], page.next

    _log(desk, words("system.health"), [words(key) for key in head], load)


def deletions(desk: Desk) -> None:
    """Proof of what was deleted."""
    words = desk.words
    head = (
        *("common.time", "system.action", "system.subject", "system.count"),
        *("common.reason", "system.actor"),
    )

    async def load(after: str | None) -> _Rows | None:
        page = await desk.look(system.deletion_log, after, _ROWS)
        if page is None:
            return None
        return [
            [
                moment(desk, each.at),
                escape(each.what),
                f'<span class="mw-code">{escape(each.item)}</span>',
                str(each.count),
                escape(each.reason),
                escape(each.actor),
            ]
            for each in page.items
        ], page.next

    _log(desk, words("system.deletions"), [words(key) for key in head], load)


def audit(desk: Desk) -> None:
    """Who did and looked at what, and whether the log is as it was written."""
    words = desk.words
    with ui.element("div").classes("mw-row"):
        ui.button(words("system.audit_verify"), on_click=lambda: verify()).props("outline no-caps")
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
                escape(each.action),
                f'<span class="mw-code">{escape(each.subject)}</span>',
            ]
            for each in entries
        ], str(entries[-1].seq) if len(entries) == _ROWS else None

    head = ("common.time", "system.actor", "system.action", "system.subject")
    _log(desk, words("system.audit"), ["#", *(words(key) for key in head)], load)


def messages(desk: Desk) -> None:
    """Messages to channels; one that was given up can be tried again."""
    words = desk.words
    body = ui.element("div").classes("mw-card")

    async def update() -> None:
        page = await desk.look(system.deliveries, (), None, _ROWS)
        if page is None:
            return
        body.clear()
        with body, ui.element("ul").classes("mw-list"):
            if not page.items:
                ui.label(words("common.none"))
            for each in page.items:
                kind = {"sent": "mask", "dead": "no_mask"}.get(each.state.value, "unknown")
                state = chip(kind, words(f"delivery.{each.state.value}"))
                at = moment(desk, each.sent_at or each.created_at)
                with ui.element("li"):
                    html(
                        f"<span>{at} {escape(each.channel)} {escape(each.camera or '')} "
                        f"{state} <span class='mw-faint'>"
                        f"{escape(each.last_error or '')}</span></span>"
                    )
                    if each.state is DeliveryState.DEAD and desk.allows(Scope.SYSTEM_WRITE):
                        ui.button(words("system.retry"), on_click=partial(retry, each.id)).props(
                            "flat dense no-caps"
                        )

    async def retry(delivery_id: str) -> None:
        await desk.ask(system.retry_delivery, delivery_id)
        await update()

    ui.timer(0.01, update, once=True)
