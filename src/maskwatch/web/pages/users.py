"""Who may log in, and as what."""

from __future__ import annotations

from functools import partial
from html import escape

from nicegui import ui

from maskwatch.store.records import Role, UserRecord
from maskwatch.web.actions import users
from maskwatch.web.actions.users import UserChange
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.dialogs import button_once, passing_dialog
from maskwatch.web.pages.newest import Newest
from maskwatch.web.pages.parts import fill, heading, html, named, row_button


def user_list(desk: Desk) -> None:
    """Users, changing them, adding one."""
    page = _Users(desk)
    desk.soon(page.update)


class _Users:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._roles = {role.value: desk.words(f"role.{role.value}") for role in Role}
        self._list = ui.element("ul").classes("mw-list mw-card")
        self._lists = Newest()
        heading(desk.words("system.user_add"))
        with ui.element("div").classes("mw-row mw-card"):
            self._new_user()

    async def update(self) -> None:
        found = await self._lists.of(self._desk.ask(users.list_users))
        if found is not None:
            fill(self._list, found, self._row, self._desk.words("common.none"))

    def _row(self, user: UserRecord) -> None:
        words = self._desk.words
        last = self._desk.time(user.last_login_at, "%Y-%m-%d %H:%M")
        is_off = user.disabled_at is not None
        html(
            f"<span><b>{escape(user.name)}</b> <span class='mw-faint'>"
            f"{escape(words('system.last_login'))}: {escape(last or '-')}</span></span>"
        )
        with ui.element("div").classes("mw-row"):
            ui.select(
                self._roles,
                value=user.role.value,
                on_change=lambda e: self._change(user, UserChange(role=Role(e.value))),
            ).props(f"dense {named(words('system.user_role'), user.name)}")
            switch = partial(self._change, user, UserChange(disabled=not is_off))
            text = words("system.user_enable" if is_off else "system.user_disable")
            row_button(text, user.name, switch)
            text = words("system.user_password")
            row_button(text, user.name, partial(self._ask_password, user))

    def _new_user(self) -> None:
        words = self._desk.words
        self._name = ui.input(words("common.name")).props("maxlength=64 autocomplete=off")
        self._password = ui.input(words("login.password"), password=True)
        self._password.props("autocomplete=new-password")
        self._role = ui.select(
            self._roles, value=Role.VIEWER.value, label=words("system.user_role")
        )
        button_once(words("common.add"), self._add)

    async def _add(self) -> None:
        name, password = self._name.value or "", self._password.value or ""
        role = Role(self._role.value)
        if await self._desk.ask(users.add_user, name, password, role) is not None:
            self._desk.tell(self._desk.words("common.saved"))
            self._name.set_value("")
            self._password.set_value("")
            await self.update()

    async def _change(self, user: UserRecord, wanted: UserChange) -> None:
        if await self._desk.ask(users.change_user, user.id, wanted) is not None:
            self._desk.tell(self._desk.words("common.saved"))
        await self.update()

    def _ask_password(self, user: UserRecord) -> None:
        words = self._desk.words
        title = f"{words('system.user_password')}: {user.name}"
        with passing_dialog(title) as dialog, ui.card():
            heading(user.name)
            field = ui.input(words("system.user_password"), password=True)
            field.props("autofocus autocomplete=new-password")

            async def save() -> None:
                change = UserChange(password=field.value or "")
                if await self._desk.ask(users.change_user, user.id, change) is not None:
                    self._desk.tell(words("common.saved"))
                    dialog.close()

            field.on("keydown.enter", save)
            with ui.element("div").classes("mw-row"):
                ui.button(words("common.save"), on_click=save)
                ui.button(words("common.cancel"), on_click=dialog.close).props("flat")
        dialog.open()
