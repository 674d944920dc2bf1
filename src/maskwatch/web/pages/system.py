"""System: how the box is doing, its models, and the tabs for what it has done and for users."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape

from nicegui import ui
from starlette.requests import Request

from maskwatch.runtime.monitoring.control import CameraStatus
from maskwatch.store.records import CameraReadings
from maskwatch.web.actions import system
from maskwatch.web.actions.readings import LastHour
from maskwatch.web.actions.system import SystemState
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.pages import logs
from maskwatch.web.pages.account import account
from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.messages import messages
from maskwatch.web.pages.parts import chip, html, table, whole
from maskwatch.web.pages.route import working_page
from maskwatch.web.pages.users import user_list
from maskwatch.web.security.scopes import Scope
from maskwatch.web.text import Words

_EVERY_S = 2.0


@working_page("/system")
async def system_page(request: Request) -> None:
    """The page."""
    desk = Desk(request)
    words = desk.words
    parts: list[tuple[str, Scope | None, Callable[[Desk], None]]] = [
        ("system.status", Scope.SYSTEM_READ, _status),
        ("system.messages", Scope.SYSTEM_READ, messages),
        ("system.health", Scope.SYSTEM_READ, logs.health),
        ("system.model", Scope.SYSTEM_READ, _models),
        ("system.audit", Scope.AUDIT_READ, logs.audit),
        ("system.deletions", Scope.AUDIT_READ, logs.deletions),
        ("system.users", Scope.USERS, user_list),
        ("nav.account", None, account),
    ]
    shown = [each for each in parts if each[1] is None or desk.allows(each[1])]
    with desk.page(words("system.title")):
        with ui.tabs().props("align=left outside-arrows mobile-arrows") as tabs:
            for key, _, _ in shown:
                ui.tab(key, words(key))
        panels = ui.tab_panels(tabs, value="system.status", animated=False)
        with panels.style("background: transparent; width: 100%"):
            for key, _, build in shown:
                with ui.tab_panel(key).style("padding: 1rem 0"):
                    build(desk)


def _status(desk: Desk) -> None:
    body, last_hour = html(""), LastHour()

    async def update() -> None:
        seen = await desk.look(_seen, last_hour)
        if seen is not None:
            body.set_content(_status_html(desk, *seen))

    if desk.allows(Scope.SYSTEM_WRITE):
        ui.button(desk.words("system.reload"), on_click=partial(_reload, desk)).props("outline")
    desk.soon(update)
    ui.timer(_EVERY_S, update)


def _seen(
    web: WebContext, principal: Principal, last_hour: LastHour
) -> tuple[SystemState, Mapping[str, CameraReadings] | None]:
    """How the box is doing, and what each camera made of faces, where that is written down."""
    return system.system_state(web, principal), last_hour.of(web, principal)


async def _reload(desk: Desk) -> None:
    outcome = await desk.ask(system.reload)
    if outcome is None:
        return
    if outcome.accepted:
        desk.tell_outcome(outcome, "system.reloaded")
    else:
        desk.tell(
            desk.words("system.config_error", reason="; ".join(outcome.problems)), is_bad=True
        )


def _config_error(desk: Desk, reason: str) -> str:
    if desk.allows(Scope.SYSTEM_WRITE):
        return desk.words("system.config_error", reason=reason)
    return desk.words("system.config_refused")


def _status_html(
    desk: Desk, state: SystemState, judged: Mapping[str, CameraReadings] | None
) -> str:
    words, disk = desk.words, state.disk
    photos = words("system.photos", count=disk.photos, size=_size(words, disk.photo_bytes))
    return (
        f'{_warnings(desk, state)}<div class="mw-tiles">{_tiles(desk, state)}</div>'
        f'<p class="mw-faint">{escape(photos)}</p>'
        f'<div class="mw-card">{_cameras(words, state.cameras, judged)}</div>'
    )


def _warnings(desk: Desk, state: SystemState) -> str:
    words, service = desk.words, state.service
    said = [
        _config_error(desk, service.config_error) if service.config_error else "",
        words("system.store_error", reason=service.store_error) if service.store_error else "",
        words("system.overloaded") if state.inference.overloaded else "",
    ]
    return "".join(f'<p class="mw-warn">{escape(each)}</p>' for each in said if each)


def _tiles(desk: Desk, state: SystemState) -> str:
    words, service, models, disk = desk.words, state.service, state.inference, state.disk
    ready = chip("mask", words("system.ready"), "✓")
    if not service.ready:
        ready = chip("no_mask", words("system.not_ready"), "✕")
    free, total = _size(words, disk.free_bytes), _size(words, disk.total_bytes)
    tiles = [
        ("system.box", ready),
        ("system.version", escape(service.version)),
        ("system.since", escape(desk.time(service.started_at, "%Y-%m-%d %H:%M"))),
        ("system.fps", f"{words.number(models.fps)} / {words.number(models.offered_fps)}"),
        ("system.dropped", str(models.dropped)),
        ("system.queue", str(models.queue)),
        ("system.busy", f"{100 * models.busy:.0f} %"),
        ("system.device", escape(models.device)),
        ("system.unwritten", str(service.unwritten)),
        ("system.disk", escape(words("system.free", free=free, total=total))),
    ]
    return "".join(
        f'<div class="mw-card mw-tile">{escape(words(key))}<b>{value}</b></div>'
        for key, value in tiles
    )


def _cameras(
    words: Words, cameras: Sequence[CameraStatus], judged: Mapping[str, CameraReadings] | None
) -> str:
    rows = [
        [
            escape(each.camera),
            chip(each.phase.value, words(f"phase.{each.phase.value}")),
            f"{words.number(each.fps)} / {words.number(each.offered_fps)}",
            str(each.dropped),
            "" if each.latency_s is None else whole(f"{words.number(each.latency_s, 2)} s"),
            *([] if judged is None else _judged(judged.get(each.camera), words)),
            f'<span class="mw-sentence">{escape(reason)}</span>' if reason else "",
        ]
        for each in cameras
        for reason in [each.reason or _damage(each, words)]
    ]
    head = [
        words("common.camera"),
        words("common.state"),
        words("system.fps"),
        words("system.dropped"),
        words("system.delay"),
        *([] if judged is None else [words("system.readings"), words("system.unknown_share")]),
        words("common.reason"),
    ]
    return table(words("nav.cameras"), head, rows, words("common.none"))


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

    desk.soon(update)


def _judged(camera: CameraReadings | None, words: Words) -> tuple[str, str]:
    """How many readings there were, and the share that could not be told."""
    if camera is None or not camera.faces:
        return "0", ""
    return str(camera.faces), words.percent(camera.unknown_share)


def _damage(camera: CameraStatus, words: Words) -> str:
    """What to say about pictures that do not arrive whole; nothing below one percent."""
    percent = round(100 * camera.damaged)
    return words("system.damaged", percent=percent) if percent else ""


def _size(words: Words, count: int) -> str:
    size, unit = (count / 1e9, "GB") if count >= 1e9 else (count / 1e6, "MB")
    return f"{words.number(size)} {unit}"
