"""Messages: what was sent through which channel, and a test of each channel."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from html import escape

from nicegui import ui

from maskwatch.runtime.monitoring.control import ChannelFacts
from maskwatch.store.records import Delivery, DeliveryState
from maskwatch.web.actions import system
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.newest import Newest
from maskwatch.web.pages.pager import Pager
from maskwatch.web.pages.parts import chip, fill, heading, html, moment, named, row_button
from maskwatch.web.security.scopes import Scope

_ROWS = 50
_WAIT_S, _STEP_S = 60.0, 0.5
"""How long the outcome of a test is waited for, and how often it is asked for."""

_KINDS = {DeliveryState.SENT: "mask", DeliveryState.DEAD: "no_mask"}


def messages(desk: Desk) -> None:
    """Messages to channels; one that was given up can be tried again."""
    page = _Messages(desk)
    desk.soon(page.start)


class _Messages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lists = Newest()
        self._tests = ui.element("section")
        self._list = ui.element("ul").classes("mw-list mw-card")
        self._pager = Pager(desk, self.update)

    async def start(self) -> None:
        if self._desk.allows(Scope.SYSTEM_WRITE):
            await self._offer_tests()
        await self.update()

    async def update(self) -> None:
        asked = self._desk.look(system.deliveries, (), self._pager.after, _ROWS)
        page = await self._lists.of(asked)
        if page is not None:
            self._pager.shown(page.next)
            fill(self._list, page.items, self._row, self._desk.words("common.none"))

    def _row(self, each: Delivery) -> None:
        desk = self._desk
        at = moment(desk, each.sent_at or each.created_at)
        html(
            f"<span>{at} {escape(each.channel)} {escape(each.camera or '')} "
            f"{_outcome(desk, each)}</span>"
        )
        if each.state is DeliveryState.DEAD and desk.allows(Scope.SYSTEM_WRITE):
            what = f"{each.channel} {each.recipient or ''} {desk.time(each.created_at)}"
            row_button(desk.words("system.retry"), what, partial(self._retry, each.id))

    async def _retry(self, delivery_id: str) -> None:
        await self._desk.ask(system.retry_delivery, delivery_id)
        await self.update()

    async def _offer_tests(self) -> None:
        """A button for each channel that sends a test message, and says what became of it."""
        words = self._desk.words
        channels = await self._desk.look(system.channels)
        if channels is None:
            return
        with self._tests.classes("mw-card"):
            heading(words("system.test"))
            place = ui.element("ul").classes("mw-list")
            fill(place, channels, self._offer_test, words("system.no_channels"))

    def _offer_test(self, channel: ChannelFacts) -> None:
        text = self._desk.words("system.send_test")
        html(
            f"<span>{escape(channel.name)} "
            f'<span class="mw-faint">{escape(channel.kind)}</span></span>'
        )
        said = html("").props('role="status"').classes("mw-grow")
        button = ui.button(text)
        button.props(f"outline dense padding='xs sm' {named(text, channel.name)}")
        button.on_click(partial(self._try, channel.name, button, said))

    async def _try(self, channel: str, button: ui.button, said: ui.html) -> None:
        desk = self._desk
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
        await self.update()


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
