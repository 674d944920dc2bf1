"""One's own password and tokens."""

from __future__ import annotations

from functools import partial
from html import escape

from nicegui import ui

from maskwatch.store.records import ApiTokenRecord
from maskwatch.web.actions import users
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.dialogs import button_once, confirm
from maskwatch.web.pages.newest import Newest
from maskwatch.web.pages.parts import fill, heading, html, row_button
from maskwatch.web.security.scopes import Scope, scopes_of


def account(desk: Desk) -> None:
    """Changing the password; tokens for programs."""
    words = desk.words
    heading(words("system.my_password"))
    with ui.element("div").classes("mw-row mw-card"):
        current = ui.input(words("system.current_password"), password=True)
        current.props('autocomplete="current-password"')
        new = ui.input(words("system.user_password"), password=True)
        new.props('autocomplete="new-password"')

        async def save() -> None:
            if await desk.did(users.change_own_password, current.value or "", new.value or ""):
                desk.tell(words("common.saved"))
                current.set_value("")
                new.set_value("")

        button_once(words("common.save"), save)
    heading(words("system.tokens"))
    tokens = _Tokens(desk)
    desk.soon(tokens.update)


def _until(desk: Desk, token: ApiTokenRecord) -> str:
    """That it is of no use any more, or how long it will be."""
    if token.revoked_at is not None:
        return f", {desk.words('system.token_revoked')}"
    if token.expires_at is not None:
        at = desk.time(token.expires_at, "%Y-%m-%d %H:%M")
        return f", {desk.words('system.token_until', time=at)}"
    return ""


class _Tokens:
    """One's own tokens, ending them, adding one."""

    def __init__(self, desk: Desk) -> None:
        words = desk.words
        self._desk = desk
        self._lists = Newest()
        self._made = html("")
        self._list = ui.element("ul").classes("mw-list mw-card")
        with ui.element("div").classes("mw-row mw-card"):
            self._name = ui.input(words("common.name")).props("maxlength=64")
            mine = sorted(scope.value for scope in scopes_of(desk.principal.user.role))
            self._scopes = ui.select(mine, multiple=True, label=words("system.token_scopes"))
            button_once(words("system.token_add"), self._add)

    async def update(self) -> None:
        found = await self._lists.of(self._desk.ask(users.list_tokens))
        if found is not None:
            fill(self._list, found, self._row, self._desk.words("system.no_tokens"))

    def _row(self, token: ApiTokenRecord) -> None:
        made = self._desk.time(token.created_at, "%Y-%m-%d %H:%M")
        scopes = ", ".join(token.scopes)
        ui.label(f"{token.name}, {made} ({scopes}){_until(self._desk, token)}")
        if token.revoked_at is None:
            text = self._desk.words("system.token_revoke")
            row_button(text, token.name, partial(self._revoke, token))

    async def _revoke(self, token: ApiTokenRecord) -> None:
        question = self._desk.words("system.token_revoke_sure", name=token.name)
        if await confirm(self._desk, question, "system.token_revoke"):
            await self._desk.ask(users.revoke_token, token.id)
            await self.update()

    async def _add(self) -> None:
        chosen = [Scope(each) for each in self._scopes.value or ()]
        name = (self._name.value or "token")[:64]
        made = await self._desk.ask(users.add_token, name, chosen, None)
        if made is not None:
            text = escape(self._desk.words("system.token_shown"))
            self._made.set_content(
                f'<p class="mw-note">{text} <span class="mw-code">{escape(made.token)}</span></p>'
            )
            await self.update()
