"""Messages: what was sent through which channel, and a test of each channel."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from html import escape

from nicegui import ui

from maskwatch.store.records import Delivery, DeliveryState
from maskwatch.web.actions import system
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.newest import Newest
from maskwatch.web.pages.pager import Pager
from maskwatch.web.pages.parts import attribute, chip, heading, html, moment
from maskwatch.web.security.scopes import Scope

_ROWS = 50
_WAIT_S, _STEP_S = 60.0, 0.5
"""How long the outcome of a test is waited for, and how often it is asked for."""

_KINDS = {DeliveryState.SENT: "mask", DeliveryState.DEAD: "no_mask"}


def messages(desk: Desk) -> None:
    """Messages to channels; one that was given up can be tried again."""
    tests = ui.element("section")
    body = ui.element("div").classes("mw-card")
    lists = Newest()

    async def update() -> None:
        is_newest = lists.begin()
        page = await desk.look(system.deliveries, (), pager.after, _ROWS)
        if page is None or not is_newest():
            return
        pager.shown(page.next)
        body.clear()
        with body, ui.element("ul").classes("mw-list"):
            if not page.items:
                ui.label(desk.words("common.none"))
            for each in page.items:
                row(each)

    def row(each: Delivery) -> None:
        at = moment(desk, each.sent_at or each.created_at)
        with ui.element("li"):
            html(
                f"<span>{at} {escape(each.channel)} {escape(each.camera or '')} "
                f"{_outcome(desk, each)}</span>"
            )
            if each.state is DeliveryState.DEAD and desk.allows(Scope.SYSTEM_WRITE):
                again = ui.button(desk.words("system.retry"), on_click=partial(retry, each.id))
                what = f"{each.channel} {each.recipient or ''} {desk.time(each.created_at)}"
                said = attribute(f"{desk.words('system.retry')}: {what}")
                again.props(f"flat dense aria-label={said}")

    async def retry(delivery_id: str) -> None:
        await desk.ask(system.retry_delivery, delivery_id)
        await update()

    async def start() -> None:
        if desk.allows(Scope.SYSTEM_WRITE):
            await _offer_tests(desk, tests, update)
        await update()

    pager = Pager(desk, update)
    ui.timer(0.01, start, once=True)


async def _offer_tests(
    desk: Desk, place: ui.element, on_change: Callable[[], Awaitable[None]]
) -> None:
    """A button for each channel that sends a test message, and says what became of it."""
    words = desk.words
    channels = await desk.look(system.channels)
    if channels is None:
        return
    with place.classes("mw-card"):
        heading(words("system.test"))
        if not channels:
            ui.label(words("system.no_channels"))
        with ui.element("ul").classes("mw-list"):
            for each in channels:
                with ui.element("li"):
                    html(
                        f"<span>{escape(each.name)} "
                        f'<span class="mw-faint">{escape(each.kind)}</span></span>'
                    )
                    said = html("").props('role="status"').classes("mw-grow")
                    button = ui.button(words("system.send_test"))
                    button.props(
                        "outline dense padding='xs sm' aria-label="
                        + attribute(f"{words('system.send_test')}: {each.name}")
                    )
                    button.on_click(partial(_try, desk, each.name, button, said, on_change))


async def _try(
    desk: Desk,
    channel: str,
    button: ui.button,
    said: ui.html,
    on_change: Callable[[], Awaitable[None]],
) -> None:
    button.set_enabled(False)
    try:
        found = await desk.ask(system.test_channel, channel)
        waited_s = 0.0
        while found is not None:
            said.set_content("".join(_told(desk, each) for each in found))
            if all(each.state.is_settled for each in found) or waited_s >= _WAIT_S:
                break
            await asyncio.sleep(_STEP_S)
            waited_s += _STEP_S
            found = await desk.look(_again, [each.id for each in found])
    finally:
        button.set_enabled(True)
    await on_change()


def _again(web: WebContext, principal: Principal, ids: Sequence[str]) -> Sequence[Delivery]:
    return [system.see_delivery(web, principal, each) for each in ids]


def _told(desk: Desk, delivery: Delivery) -> str:
    who = escape(delivery.recipient or "")
    return f'<div class="mw-told">{who} {_outcome(desk, delivery)}</div>'


def _outcome(desk: Desk, delivery: Delivery) -> str:
    """HTML of what has become of a message."""
    state = chip(
        _KINDS.get(delivery.state, "unknown"), desk.words(f"delivery.{delivery.state.value}")
    )
    return f"{state} <span class='mw-faint'>{escape(delivery.last_error or '')}</span>"
