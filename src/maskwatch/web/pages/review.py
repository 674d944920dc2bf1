"""Review: labelling one face after the other, with the keyboard if one likes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nicegui import ui
from starlette.requests import Request

from maskwatch.errors import RecordChanged
from maskwatch.store.records import ReviewItem, ReviewReason, SnapshotRecord
from maskwatch.web.actions import review
from maskwatch.web.actions.review import CHOICES, Choice, NextFace
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import heading, html, photo
from maskwatch.web.pages.route import working_page
from maskwatch.web.security.scopes import Scope

_AGAIN_S = 20.0
"""How often an empty page looks whether there is a face by now."""


@working_page("/review")
async def review_page(request: Request) -> None:
    """The page."""
    desk = Desk(request)
    with desk.page(desk.words("review.title"), wide=False):
        page = _ReviewPage(desk)
    await page.update()
    ui.timer(_AGAIN_S, page.look_again, immediate=False)


class _ReviewPage:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._item: ReviewItem | None = None
        self._done: list[str] = []
        self._busy = False
        with ui.element("div").classes("mw-row"):
            self._counts = ui.label().props('role="status"')
            ui.space()
            if desk.allows(Scope.REVIEW_EXPORT):
                link = '<a href="/api/v1/review/export.zip" download>{}</a>'
                html(link.format(desk.words("review.export")))
        self._body = ui.element("div")

    async def update(self) -> None:
        found = await self._desk.ask(review.next_face)
        if found is not None:
            self._put(found)

    async def look_again(self) -> None:
        """Shows the next face, should there be one by now while none is shown."""
        if self._item is not None or self._busy:
            return
        found = await self._desk.look(review.next_face)
        if found is not None and found.item is not None and self._item is None:
            self._put(found)

    def _put(self, found: NextFace) -> None:
        words, counts = self._desk.words, found.counts
        self._item = found.item
        self._counts.set_text(
            " · ".join(
                (
                    words("review.waiting", count=counts.waiting),
                    words("review.labelled", count=counts.labelled),
                    words("review.skipped", count=counts.skipped),
                )
            )
        )
        self._body.clear()
        with self._body:
            if found.item is None:
                ui.label(words("review.empty"))
                self._undo_button()
            else:
                self._show(found.item, found)

    def _show(self, item: ReviewItem, found: NextFace) -> None:
        words = self._desk.words
        with ui.element("div").classes("mw-split"):
            with ui.element("div").classes("mw-card"):
                if found.snapshot is None:
                    ui.label(words("common.no_pictures"))
                elif not found.photo_may_be_seen:
                    ui.label(words("common.being_hidden")).classes("mw-note")
                else:
                    self._picture(item, found.snapshot)
            with ui.element("div").classes("mw-card"):
                heading(words("review.question"))
                with ui.element("div").classes("mw-choices"):
                    for choice in CHOICES:
                        text = f"{choice.key}  {self._desk.said(choice.state, choice.fault)}"
                        button = ui.button(text, on_click=partial(self.label, choice))
                        button.props(f"outline align=left {_key(choice.key)}")
                    skip = ui.button(words("review.skip"), on_click=self.skip)
                    skip.props(f"flat {_key('0')}")
                    self._undo_button()
                reason = "wrong" if item.reason is ReviewReason.WRONG else "uncertain"
                ui.label(words(f"review.{reason}")).classes("mw-faint")
                said = self._desk.said(item.state, item.fault)
                if said:
                    ui.label(words("review.said", words=said)).classes("mw-faint")
                ui.label(words("review.keys")).classes("mw-faint")

    def _picture(self, item: ReviewItem, snapshot: SnapshotRecord) -> None:
        words = self._desk.words
        address = f"/api/v1/review/{item.id}/photo"
        html(photo(address, snapshot, words("review.face"), item.face))
        ui.label(words("review.face")).classes("mw-faint")
        if item.face < len(snapshot.faces) and snapshot.faces[item.face].blurred:
            ui.label(words("review.blurred")).classes("mw-warn")

    def _undo_button(self) -> None:
        button = ui.button(self._desk.words("review.undo"), on_click=self.undo)
        button.props(f"flat {_key('u')}").set_enabled(bool(self._done))

    async def label(self, choice: Choice) -> None:
        """Labels the face that is shown."""
        await self._finish(review.label, choice.state, choice.fault)

    async def skip(self) -> None:
        """Takes it out of the queue."""
        await self._finish(review.skip)

    async def _finish(self, act: Callable[..., ReviewItem], *args: object) -> None:
        # A second key before the next face is there would label a face that nobody has seen.
        if self._item is None or self._busy:
            return
        self._busy = True
        try:
            is_done = await self._desk.ask(_in_time, act, self._item.id, *args)
            if is_done:
                self._done.append(self._item.id)
            elif is_done is not None:
                self._desk.tell(self._desk.words("review.taken"), is_bad=True)
            await self.update()
        finally:
            self._busy = False

    async def undo(self) -> None:
        """Takes one's own last label back."""
        if not self._done or self._busy:
            return
        self._busy = True
        try:
            if await self._desk.ask(_in_time, review.undo, self._done.pop()) is False:
                self._desk.tell(self._desk.words("review.not_yours"), is_bad=True)
            await self.update()
        finally:
            self._busy = False


def _key(key: str) -> str:
    """Has a key press a button (see ``static/dashboard.js``).

    The browser presses the one that it shows: what the server shows by now may still be under way,
    and a face that nobody has seen must not be judged.
    """
    return f"aria-keyshortcuts={key}"


def _in_time(
    web: WebContext,
    principal: Principal,
    act: Callable[..., ReviewItem],
    item_id: str,
    *args: object,
) -> bool:
    """Does something to a face; False when somebody else was quicker."""
    try:
        act(web, principal, item_id, *args)
    except RecordChanged:
        return False
    return True
