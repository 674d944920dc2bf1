"""Who may log in, and as what."""

from __future__ import annotations

from html import escape

from nicegui import ui

from maskwatch.store.records import Role, UserRecord
from maskwatch.web.actions import users
from maskwatch.web.actions.users import UserChange
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.newest import Newest
from maskwatch.web.pages.parts import attribute, heading, html


def user_list(desk: Desk) -> None:
    """Users, changing them, adding one."""
    words = desk.words
    roles = {role.value: words(f"role.{role.value}") for role in Role}
    body = ui.element("ul").classes("mw-list mw-card")
    lists = Newest()

    async def update() -> None:
        is_newest = lists.begin()
        found = await desk.ask(users.list_users)
        if found is None or not is_newest():
            return
        body.clear()
        with body:
            for each in found:
                row(each)

    def row(user: UserRecord) -> None:
        last = desk.time(user.last_login_at, "%Y-%m-%d %H:%M")
        is_off = user.disabled_at is not None

        def named(key: str) -> str:
            """What it does, and to whom: a screen reader reads out one control at a time."""
            return attribute(f"{words(key)}: {user.name}")

        with ui.element("li"):
            html(
                f"<span><b>{escape(user.name)}</b> <span class='mw-faint'>"
                f"{escape(words('system.last_login'))}: {escape(last or '-')}</span></span>"
            )
            with ui.element("div").classes("mw-row"):
                ui.select(
                    roles,
                    value=user.role.value,
                    on_change=lambda e: change(user, UserChange(role=Role(e.value))),
                ).props(f"dense aria-label={named('system.user_role')}")
                switch = "system.user_enable" if is_off else "system.user_disable"
                ui.button(
                    words(switch), on_click=lambda: change(user, UserChange(disabled=not is_off))
                ).props(f"flat dense no-caps aria-label={named(switch)}")
                ui.button(words("system.user_password"), on_click=lambda: new_password(user)).props(
                    f"flat dense no-caps aria-label={named('system.user_password')}"
                )

    async def change(user: UserRecord, wanted: UserChange) -> None:
        if await desk.ask(users.change_user, user.id, wanted) is not None:
            desk.tell(words("common.saved"))
        await update()

    async def new_password(user: UserRecord) -> None:
        label = attribute(f"{words('system.user_password')}: {user.name}")
        with ui.dialog().props(f"aria-label={label}") as dialog, ui.card():
            heading(user.name)
            field = ui.input(words("system.user_password"), password=True)
            ui.button(words("common.save"), on_click=lambda: dialog.submit(field.value))
        password = await dialog
        if password:
            await change(user, UserChange(password=password))

    async def add() -> None:
        made = await desk.ask(
            users.add_user, name.value or "", password.value or "", Role(role.value)
        )
        if made is not None:
            desk.tell(words("common.saved"))
            name.set_value("")
            password.set_value("")
            await update()

    heading(words("system.user_add"))
    with ui.element("div").classes("mw-row mw-card"):
        name = ui.input(words("common.name")).props("maxlength=64 autocomplete=off")
        password = ui.input(words("login.password"), password=True).props(
            'autocomplete="new-password"'
        )
        role = ui.select(roles, value=Role.VIEWER.value, label=words("system.user_role"))
        ui.button(words("common.add"), on_click=add).props("no-caps")
    ui.timer(0.01, update, once=True)
