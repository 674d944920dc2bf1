"""What every page has: who sits before it, its words, its frame, and a way to do things."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from html import escape
from typing import Concatenate, ParamSpec, TypeVar

from nicegui import run, ui
from nicegui.language import Language as FrameworkLanguage
from starlette.requests import Request

from maskwatch.errors import MaskwatchError, NotLoggedIn, RecordChanged, Throttled
from maskwatch.runtime.monitoring.control import ReloadOutcome
from maskwatch.types import Fault, State
from maskwatch.web.actions import users
from maskwatch.web.context import WebContext
from maskwatch.web.gate import login_address
from maskwatch.web.identity import Principal, refreshed
from maskwatch.web.plain.files import static_address
from maskwatch.web.refusals import said
from maskwatch.web.security.scopes import SCOPE_OF_PAGE, Scope
from maskwatch.web.text import LANGUAGES, Words
from maskwatch.words import Language

P = ParamSpec("P")
T = TypeVar("T")

_SESSION_CHECK_S = 20.0
_SOON_S = 0.01
"""Timers need some time; this is too short to be seen."""
_LONG_MS = 15_000
"""How long something stays that takes a while to read."""
_SLOW_BROWSER_S = 30.0
"""How long an answer of the browser may take: phones on a bad line are slow."""
_FRAMEWORK_LANGUAGES: Mapping[Language, FrameworkLanguage] = {
    Language.ENGLISH: "en-US",
    Language.GERMAN: "de",
}


@dataclass(frozen=True, slots=True)
class _Place:
    path: str
    key: str
    icon: str

    @property
    def scope(self) -> Scope:
        return SCOPE_OF_PAGE[self.path]


_PLACES = (
    _Place("/", "nav.live", "videocam"),
    _Place("/overview", "nav.overview", "insights"),
    _Place("/events", "nav.events", "list_alt"),
    _Place("/review", "nav.review", "rule"),
    _Place("/cameras", "nav.cameras", "photo_camera"),
    _Place("/system", "nav.system", "monitor_heart"),
)


class Desk:
    """One open page of one person."""

    def __init__(self, request: Request) -> None:
        self.web: WebContext = request.state.web
        self.principal: Principal = request.state.principal
        self.words = Words.of(self.principal.user.language)
        self._path = request.url.path
        self._login_address = login_address(request.scope)
        self._theme = request.cookies.get("maskwatch_theme", "")

    def allows(self, scope: Scope) -> bool:
        """Whether the person may."""
        return self.principal.allows(scope)

    async def ask(
        self,
        act: Callable[Concatenate[WebContext, Principal, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T | None:
        """Does something in a worker thread, with the rights of now.

        Returns:
            What it returned; None when it was refused, which the person was told then.
        """
        return await self._do(True, lambda web, who: act(web, who, *args, **kwargs))

    async def did(
        self,
        act: Callable[Concatenate[WebContext, Principal, P], object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> bool:
        """The same where it only matters whether it was done."""

        def do(web: WebContext, who: Principal) -> bool:
            act(web, who, *args, **kwargs)
            return True

        return bool(await self._do(True, do))

    async def look(
        self,
        act: Callable[Concatenate[WebContext, Principal, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T | None:
        """The same for what a page does by itself: it does not keep a session from ending."""
        return await self._do(False, lambda web, who: act(web, who, *args, **kwargs))

    async def _do(self, is_use: bool, act: Callable[[WebContext, Principal], T]) -> T | None:
        def work() -> T:
            self.principal = refreshed(self.web, self.principal, is_use=is_use)
            return act(self.web, self.principal)

        try:
            return await run.io_bound(work)
        except NotLoggedIn:
            ui.navigate.to(self._login_address)
        except Throttled as error:
            self.tell(self.words("login.wait", seconds=math.ceil(error.wait_s)), is_bad=True)
        except RecordChanged:
            self.tell(self.words("common.changed"), is_bad=True)
        except MaskwatchError as error:
            reason = said(error, self.words)
            self.tell(self.words("common.failed", reason=reason), is_bad=True)
        return None

    def soon(self, act: Callable[[], Awaitable[None]]) -> None:
        """Does something once the page is on its way: it does not wait for what it has to ask."""
        ui.timer(_SOON_S, act, once=True)

    def tell(self, text: str, *, is_bad: bool = False) -> None:
        """Shows a short message."""
        ui.notify(text, type="negative" if is_bad else "positive", multi_line=True)

    def tell_outcome(self, outcome: ReloadOutcome, done: str) -> None:
        """Says that something is in force, and which cameras were left out all the same.

        Args:
            outcome: what the service made of it; it was accepted.
            done: key of the words for what was done.
        """
        self.tell(self.words(done))
        if outcome.problems:
            text = self.words("cameras.left_out", problems="; ".join(outcome.problems))
            ui.notify(text, type="warning", multi_line=True, timeout=_LONG_MS)

    def said(self, state: State | None, fault: Fault | None = None) -> str:
        """State or fault in the person's language; empty for none."""
        return "" if state is None else self.words.what(state, fault)

    def time(self, at: datetime | None, pattern: str = "%Y-%m-%d %H:%M:%S") -> str:
        """A time in the box's time zone."""
        return "" if at is None else at.astimezone(self.web.timezone()).strftime(pattern)

    def short_time(self, at: datetime) -> str:
        """The hour of a moment today, day and hour of any other."""
        timezone = self.web.timezone()
        is_today = at.astimezone(timezone).date() == self.web.now().astimezone(timezone).date()
        return self.time(at, "%H:%M:%S" if is_today else "%Y-%m-%d %H:%M")

    @contextmanager
    def page(self, title: str, *, wide: bool = True) -> Iterator[None]:
        """The frame of a page: navigation, account, and a place for the content."""
        ui.page_title(f"{title} - maskwatch")
        ui.add_head_html(f'<link rel="stylesheet" href="{static_address("dashboard.css")}">')
        dark = ui.dark_mode({"dark": True, "light": False}.get(self._theme))
        words = self.words
        # For screen readers, and for what the framework says by itself. The page is everybody's.
        client = ui.context.client
        client.page = copy(client.page)
        client.page.language = _FRAMEWORK_LANGUAGES[Language(words.language)]
        ui.add_body_html(f'<script defer src="{static_address("dashboard.js")}"></script>')
        with ui.header(elevated=True).classes("mw-header"):
            ui.link(words("nav.skip"), "#content").classes("mw-skip")
            menu = ui.button(icon="menu").props(f'flat round aria-label="{words("nav.menu")}"')
            menu.classes("mw-menu")
            ui.label("maskwatch").classes("mw-brand")
            self._navigation("mw-nav", words("nav.main"))
            ui.space()
            self._theme_button(dark)
            self._account()
        with ui.left_drawer(value=False, bordered=True).props("overlay") as drawer:
            self._navigation("mw-drawer", words("nav.main"))
        menu.on_click(drawer.toggle)
        main = ui.element("div").props('id="content" tabindex="-1"')
        main.classes("mw-main" if wide else "mw-main mw-narrow")
        with main:
            # It may hold what somebody wrote into the address.
            ui.html(f"<h1>{escape(title)}</h1>", sanitize=False).classes("mw-title")
            yield
        ui.timer(_SESSION_CHECK_S, lambda: self.look(lambda _web, _principal: True))

    def _navigation(self, classes: str, label: str) -> None:
        with ui.element("nav").props(f'aria-label="{label}"').classes(classes):
            for place in _PLACES:
                if not self.allows(place.scope):
                    continue
                with ui.link(target=place.path).classes("mw-place") as link:
                    ui.icon(place.icon).props('aria-hidden="true"')
                    ui.label(self.words(place.key))
                here = self._path if place.path == "/" else f"{self._path}/"
                if here.startswith(f"{place.path}/") or here == place.path:
                    link.props('aria-current="page"')

    def _theme_button(self, dark: ui.dark_mode) -> None:
        async def switch() -> None:
            is_dark = dark.value
            if is_dark is None:
                query = "window.matchMedia('(prefers-color-scheme: dark)').matches"
                is_dark = await ui.run_javascript(query, timeout=_SLOW_BROWSER_S)
            dark.value = not is_dark
            theme = "dark" if dark.value else "light"
            cookie = f"maskwatch_theme={theme}; path=/; max-age=31536000; samesite=lax"
            ui.run_javascript(f"document.cookie = '{cookie}'")

        label = self.words("nav.theme")
        ui.button(icon="contrast", on_click=switch).props(f'flat round aria-label="{label}"')

    def _account(self) -> None:
        words, user = self.words, self.principal.user

        async def choose(language: str) -> None:
            if await self.ask(users.change_language, language) is not None:
                ui.navigate.reload()

        button = ui.button(icon="person").props(f'flat round aria-label="{words("nav.account")}"')
        with button, ui.menu():
            ui.item(f"{user.name} ({words(f'role.{user.role.value}')})").props("disable")
            for code, name in LANGUAGES.items():
                ui.menu_item(name, partial(choose, code)).props(f'lang="{code}"')
            ui.separator()
            with ui.element("form").props('method="post" action="/login/out"'):
                csrf = ui.element("input").props('type="hidden" name="csrf"')
                csrf.props(f'value="{self.principal.csrf}"')
                ui.button(words("nav.logout"), icon="logout").props('type="submit" flat')
