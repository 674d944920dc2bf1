"""One's own password and tokens."""

from __future__ import annotations

from functools import partial
from html import escape

from nicegui import ui

from maskwatch.store.records import ApiTokenRecord
from maskwatch.web.actions import users
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.dialogs import confirm
from maskwatch.web.pages.newest import Newest
from maskwatch.web.pages.parts import attribute, heading, html
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
            if await desk.ask(_change_password, current.value or "", new.value or ""):
                desk.tell(words("common.saved"))
                current.set_value("")
                new.set_value("")

        ui.button(words("common.save"), on_click=save)
    heading(words("system.tokens"))
    _tokens(desk)


def _change_password(web: WebContext, principal: Principal, current: str, new: str) -> bool:
    users.change_own_password(web, principal, current, new)
    return True


def _until(desk: Desk, token: ApiTokenRecord) -> str:
    """That it is of no use any more, or how long it will be."""
    if token.revoked_at is not None:
        return f", {desk.words('system.token_revoked')}"
    if token.expires_at is not None:
        at = desk.time(token.expires_at, "%Y-%m-%d %H:%M")
        return f", {desk.words('system.token_until', time=at)}"
    return ""


def _tokens(desk: Desk) -> None:
    words = desk.words
    shown = html("")
    body = ui.element("ul").classes("mw-list mw-card")
    lists = Newest()

    async def update() -> None:
        is_newest = lists.begin()
        found = await desk.ask(users.list_tokens)
        if found is None or not is_newest():
            return
        body.clear()
        with body:
            if not found:
                with ui.element("li"):
                    ui.label(words("system.no_tokens")).classes("mw-faint")
            for each in found:
                with ui.element("li"):
                    ui.label(f"{each.name} ({', '.join(each.scopes)}){_until(desk, each)}")
                    if each.revoked_at is None:
                        text = words("system.token_revoke")
                        ui.button(text, on_click=partial(revoke, each)).props(
                            f"flat dense aria-label={attribute(f'{text}: {each.name}')}"
                        )

    async def revoke(token: ApiTokenRecord) -> None:
        question = words("system.token_revoke_sure", name=token.name)
        if await confirm(desk, question, "system.token_revoke"):
            await desk.ask(users.revoke_token, token.id)
            await update()

    async def add() -> None:
        chosen = [Scope(each) for each in scopes.value or ()]
        made = await desk.ask(users.add_token, (name.value or "token")[:64], chosen, None)
        if made is not None:
            text = escape(words("system.token_shown"))
            shown.set_content(
                f'<p class="mw-note">{text} <span class="mw-code">{escape(made.token)}</span></p>'
            )
            await update()

    with ui.element("div").classes("mw-row mw-card"):
        name = ui.input(words("common.name")).props("maxlength=64")
        mine = sorted(scope.value for scope in scopes_of(desk.principal.user.role))
        scopes = ui.select(mine, multiple=True, label=words("system.token_scopes"))
        ui.button(words("system.token_add"), on_click=add)
    ui.timer(0.01, update, once=True)
