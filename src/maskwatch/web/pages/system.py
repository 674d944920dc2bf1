"""System: health, messages, models, audit log, users, tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from html import escape

from nicegui import ui
from starlette.requests import Request

from maskwatch.store.records import DeliveryState, Role, UserRecord
from maskwatch.web.actions import system, users
from maskwatch.web.actions.system import SystemState
from maskwatch.web.actions.users import UserChange
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import attribute, chip, heading, html, table
from maskwatch.web.pages.route import dashboard_page
from maskwatch.web.security.scopes import Scope, scopes_of

_EVERY_S = 2.0
_ROWS = 50


@dashboard_page("/system")
async def system_page(request: Request) -> None:
    """The page."""
    desk = Desk(request)
    words = desk.words
    parts: list[tuple[str, Scope | None, Callable[[Desk], None]]] = [
        ("system.title", Scope.SYSTEM_READ, _status),
        ("system.messages", Scope.SYSTEM_READ, _messages),
        ("system.health", Scope.SYSTEM_READ, _health),
        ("system.model", Scope.SYSTEM_READ, _models),
        ("system.audit", Scope.AUDIT_READ, _audit),
        ("system.deletions", Scope.AUDIT_READ, _deletions),
        ("system.users", Scope.USERS, _users),
        ("nav.account", None, _account),
    ]
    shown = [each for each in parts if each[1] is None or desk.allows(each[1])]
    with desk.page(words("system.title")):
        with ui.tabs().props("align=left no-caps outside-arrows mobile-arrows") as tabs:
            for key, _, _ in shown:
                ui.tab(key, words(key))
        panels = ui.tab_panels(tabs, value="system.title", animated=False)
        with panels.style("background: transparent; width: 100%"):
            for key, _, build in shown:
                with ui.tab_panel(key).style("padding: 1rem 0"):
                    build(desk)


def _status(desk: Desk) -> None:
    body = html("")

    async def update() -> None:
        state = await desk.look(system.system_state)
        if state is not None:
            body.set_content(_status_html(desk, state))

    if desk.allows(Scope.SYSTEM_WRITE):
        ui.button(desk.words("system.reload"), on_click=partial(_reload, desk)).props(
            "outline no-caps"
        )
    ui.timer(0.01, update, once=True)
    ui.timer(_EVERY_S, update)


async def _reload(desk: Desk) -> None:
    outcome = await desk.ask(system.reload)
    if outcome is None:
        return
    if outcome.accepted:
        desk.tell(desk.words("system.reloaded"))
    else:
        desk.tell(
            desk.words("system.config_error", reason="; ".join(outcome.problems)), is_bad=True
        )


def _status_html(desk: Desk, state: SystemState) -> str:
    words, service, models = desk.words, state.service, state.inference
    ready = chip("mask", words("system.ready"), "✓")
    if not service.ready:
        ready = chip("no_mask", words("system.not_ready"), "✕")
    tiles = [
        ("system.box", ready),
        ("system.version", escape(service.version)),
        ("system.since", escape(desk.time(service.started_at, "%Y-%m-%d %H:%M"))),
        ("system.fps", f"{models.fps:.1f} / {models.offered_fps:.1f}"),
        ("system.dropped", str(models.dropped + sum(each.dropped for each in state.cameras))),
        ("system.queue", str(models.queue)),
        ("system.busy", f"{100 * models.busy:.0f} %"),
        ("system.device", escape(models.device)),
        ("system.unwritten", str(service.unwritten)),
        (
            "system.disk",
            escape(
                words(
                    "system.free",
                    free=_size(state.disk.free_bytes),
                    total=_size(state.disk.total_bytes),
                )
            ),
        ),
    ]
    photos = words("system.photos", count=state.disk.photos, size=_size(state.disk.photo_bytes))
    cards = "".join(
        f'<div class="mw-card mw-tile">{escape(words(key))}<b>{value}</b></div>'
        for key, value in tiles
    )
    warnings = [
        words("system.config_error", reason=service.config_error) if service.config_error else "",
        words("system.store_error", reason=service.store_error) if service.store_error else "",
        words("system.overloaded") if models.overloaded else "",
    ]
    warned = "".join(f'<p class="mw-warn">{escape(each)}</p>' for each in warnings if each)
    rows = [
        [
            escape(each.camera),
            chip(each.phase.value, words(f"phase.{each.phase.value}")),
            f"{each.fps:.1f} / {each.offered_fps:.1f}",
            str(each.dropped),
            "" if each.latency_s is None else f"{each.latency_s:.2f} s",
            escape(each.reason),
        ]
        for each in state.cameras
    ]
    head = [
        words("common.camera"),
        words("common.state"),
        words("system.fps"),
        words("system.dropped"),
        "s",
        words("common.reason"),
    ]
    cameras = table(words("nav.cameras"), head, rows, words("common.none"))
    return (
        f'{warned}<div class="mw-tiles">{cards}</div><p class="mw-faint">{escape(photos)}</p>'
        f'<div class="mw-card">{cameras}</div>'
    )


def _messages(desk: Desk) -> None:
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
                at = desk.time(each.sent_at or each.created_at)
                with ui.element("li"):
                    html(
                        f"<span>{escape(at)} {escape(each.channel)} {escape(each.camera or '')} "
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


def _health(desk: Desk) -> None:
    words = desk.words
    body = html("").classes("mw-card")

    async def update() -> None:
        page = await desk.look(system.health_log, None, None, _ROWS)
        if page is None:
            return
        rows = [
            [
                escape(desk.time(each.at)),
                escape(each.camera or words("system.box")),
                escape(each.kind),
                escape(each.state),
                escape(each.reason),
            ]
            for each in page.items
        ]
        head = [
            words("common.time"),
            words("common.camera"),
            words("system.action"),
            words("common.state"),
            words("common.reason"),
        ]
        body.set_content(table(words("system.health"), head, rows, words("common.none")))

    ui.timer(0.01, update, once=True)


def _models(desk: Desk) -> None:
    body = ui.element("div").classes("mw-even")

    async def update() -> None:
        cards = await desk.look(system.model_cards)
        if cards is None:
            return
        body.clear()
        with body:
            for card in cards:
                text = json.dumps(card.summary, indent=2, ensure_ascii=False)
                html(
                    f'<div class="mw-card"><h2>{escape(card.name)} {escape(card.version)}</h2>'
                    f'<p class="mw-faint mw-code">SHA-256 {escape(card.sha256)}</p>'
                    f'<pre class="mw-json" tabindex="0">{escape(text)}</pre></div>'
                )

    ui.timer(0.01, update, once=True)


def _audit(desk: Desk) -> None:
    words = desk.words
    with ui.element("div").classes("mw-row"):
        said = ui.label().props('role="status"')
        ui.space()
        ui.button(words("system.audit_verify"), on_click=lambda: verify()).props("outline no-caps")
    body = html("").classes("mw-card")
    pages: list[int] = []

    async def verify() -> None:
        report = await desk.ask(system.verify_audit)
        if report is None:
            return
        text = words("system.audit_sound", count=report.head.seq)
        if report.broken_at is not None:
            text = words("system.audit_broken", seq=report.broken_at, reason=report.reason)
        said.set_text(text)

    async def update(before: int | None = None) -> None:
        entries = await desk.ask(system.audit_log, before, _ROWS)
        if entries is None:
            return
        pages[:] = [entries[-1].seq] if len(entries) == _ROWS else []
        older.set_enabled(bool(pages))
        rows = [
            [
                str(each.seq),
                escape(desk.time(each.at)),
                escape(each.actor),
                escape(each.action),
                f'<span class="mw-code">{escape(each.subject)}</span>',
            ]
            for each in entries
        ]
        head = [
            "#",
            words("common.time"),
            words("system.actor"),
            words("system.action"),
            words("system.subject"),
        ]
        body.set_content(table(words("system.audit"), head, rows, words("common.none")))

    async def go_on() -> None:
        await update(pages[0] if pages else None)

    with ui.element("div").classes("mw-row"):
        ui.button(words("common.newest"), on_click=lambda: update()).props("flat no-caps")
        older = ui.button(words("common.more"), on_click=go_on).props("flat no-caps")
    ui.timer(0.01, update, once=True)


def _deletions(desk: Desk) -> None:
    words = desk.words
    body = html("").classes("mw-card")

    async def update() -> None:
        page = await desk.look(system.deletion_log, None, _ROWS)
        if page is None:
            return
        rows = [
            [
                escape(desk.time(each.at)),
                escape(each.what),
                f'<span class="mw-code">{escape(each.item)}</span>',
                str(each.count),
                escape(each.reason),
                escape(each.actor),
            ]
            for each in page.items
        ]
        head = [
            words("common.time"),
            words("system.action"),
            words("system.subject"),
            "n",
            words("common.reason"),
            words("system.actor"),
        ]
        body.set_content(table(words("system.deletions"), head, rows, words("common.none")))

    ui.timer(0.01, update, once=True)


def _users(desk: Desk) -> None:
    words = desk.words
    roles = {role.value: words(f"role.{role.value}") for role in Role}
    body = ui.element("ul").classes("mw-list mw-card")

    async def update() -> None:
        found = await desk.ask(users.list_users)
        if found is None:
            return
        body.clear()
        with body:
            for each in found:
                row(each)

    def row(user: UserRecord) -> None:
        last = desk.time(user.last_login_at, "%Y-%m-%d %H:%M")
        is_off = user.disabled_at is not None
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
                ).props(f"dense aria-label={attribute(words('system.user_role'))}")
                text = words("system.user_enable" if is_off else "system.user_disable")
                ui.button(
                    text, on_click=lambda: change(user, UserChange(disabled=not is_off))
                ).props(f"flat dense no-caps aria-label={attribute(f'{text}: {user.name}')}")
                ui.button(words("system.user_password"), on_click=lambda: new_password(user)).props(
                    "flat dense no-caps"
                )

    async def change(user: UserRecord, wanted: UserChange) -> None:
        if await desk.ask(users.change_user, user.id, wanted) is not None:
            desk.tell(words("common.saved"))
        await update()

    async def new_password(user: UserRecord) -> None:
        with ui.dialog() as dialog, ui.card():
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


def _account(desk: Desk) -> None:
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

        ui.button(words("common.save"), on_click=save).props("no-caps")
    heading(words("system.tokens"))
    _tokens(desk)


def _change_password(web: WebContext, principal: Principal, current: str, new: str) -> bool:
    users.change_own_password(web, principal, current, new)
    return True


def _tokens(desk: Desk) -> None:
    words = desk.words
    shown = html("")
    body = ui.element("ul").classes("mw-list mw-card")

    async def update() -> None:
        found = await desk.ask(users.list_tokens)
        if found is None:
            return
        body.clear()
        with body:
            for each in found:
                with ui.element("li"):
                    state = "" if each.revoked_at is None else " ✕"
                    ui.label(f"{each.name}{state} ({', '.join(each.scopes)})")
                    if each.revoked_at is None:
                        ui.button(
                            words("system.token_revoke"), on_click=partial(revoke, each.id)
                        ).props("flat dense no-caps")

    async def revoke(token_id: str) -> None:
        await desk.ask(users.revoke_token, token_id)
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
        ui.button(words("system.token_add"), on_click=add).props("no-caps")
    ui.timer(0.01, update, once=True)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
