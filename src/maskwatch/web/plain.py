"""Pages without scripts: logging in, the first start, the links of messages, and none at all."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection

from maskwatch.alerts.links import LinkAction, LinkClaim, read_link
from maskwatch.errors import (
    AccessDenied,
    LinkError,
    NotLoggedIn,
    RecordNotFound,
    StoreError,
    StoreFull,
    Throttled,
    UsageError,
)
from maskwatch.store.records import EpisodeRecord
from maskwatch.web import identity
from maskwatch.web.actions import episodes
from maskwatch.web.actions.recipients import holder_of_link
from maskwatch.web.actions.review import CHOICES, Choice
from maskwatch.web.api.access import Web, client_address
from maskwatch.web.api.views.base import Text
from maskwatch.web.context import WebContext
from maskwatch.web.refusals import said
from maskwatch.web.security.origin import is_own_origin
from maskwatch.web.security.secrets import is_same
from maskwatch.web.text import Words


class _PageRoute(APIRoute):
    """A page that says so, in words for people, when the database cannot do what was asked."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See `APIRoute`."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except StoreError as error:
                return away(request.app.state.web, request, error)

        return handled


router = APIRouter(route_class=_PageRoute)

_STATIC = Path(__file__).parent / "static"
_FILES = {path.name: path for path in _STATIC.iterdir() if path.suffix in (".css", ".js", ".svg")}
"""All that ``/static/`` serves: nothing can be asked for that is not listed here."""

_ASK_AGAIN_S = 15
"""After which browsers ask once more: nobody sits before a display on a wall."""
_LONGEST_TARGET = 500
"""Of an address to go to; none of ours is longer."""

Field = Annotated[Text, Form(max_length=1024)]


@cache
def static_address(name: str) -> str:
    """Where a file of ours is: somewhere else once it has changed, as browsers keep it a while."""
    return f"/static/{name}?{hashlib.sha256(_FILES[name].read_bytes()).hexdigest()[:12]}"


@router.get("/static/{name}")
def static_file(name: str) -> Response:
    """A file of ours."""
    if name not in _FILES:
        return Response(status_code=404)
    return FileResponse(_FILES[name], headers={"Cache-Control": "public, max-age=3600"})


@router.get("/login")
def login_page(
    request: Request, web: Web, target: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    """The form to log in with; whoever is logged in goes on to where they wanted to go."""
    target = local_path(target)
    secret = web.cookie.of(request.cookies)
    if secret is not None:
        with suppress(NotLoggedIn):
            identity.of_session(web, secret)
            return RedirectResponse(target, 303)
    words = _words(request, web)
    return _login_form(words, target, _elsewhere(request, web, words))


@router.post("/login")
def log_in(
    request: Request, web: Web, name: Field, password: Field, target: Field = "/"
) -> Response:
    """Logs in and goes where one wanted to go."""
    words, target = _words(request, web), local_path(target)
    if not is_own_origin(web.config, request.headers):
        return _login_form(words, target, words("login.again"), 403)
    agent = request.headers.get("user-agent", "")
    try:
        former = web.cookie.of(request.cookies)
        login = identity.log_in(web, name, password, client_address(request), agent, former)
    except Throttled as error:
        text = words("login.wait", seconds=math.ceil(error.wait_s))
        return _login_form(words, target, text, 429, name)
    except NotLoggedIn:
        return _login_form(words, target, words("login.wrong"), 401, name)
    answer = RedirectResponse(target, 303)
    web.cookie.put(answer, login.secret)
    return answer


@router.post("/login/out")
def log_out(request: Request, web: Web, csrf: Field) -> Response:
    """Logs out."""
    secret = web.cookie.of(request.cookies)
    answer = RedirectResponse("/login", 303)
    if secret is not None:
        try:
            principal = identity.of_session(web, secret)
        except NotLoggedIn:
            return answer
        if principal.csrf is None or not is_same(principal.csrf, csrf):
            return Response("foreign form", 403)
        identity.log_out(web, principal)
    web.cookie.clear(answer)
    return answer


@router.get("/setup/{secret}")
def setup_page(request: Request, web: Web, secret: str) -> Response:
    """The form for the first administrator."""
    words = _words(request, web)
    first: identity.FirstStart = request.app.state.first_start
    if not first.is_valid(secret):
        return _page(words, words("setup.title"), _alert(words("setup.over")), 403)
    return _setup_form(words, web)


@router.post("/setup/{secret}")
def set_up(
    request: Request, web: Web, secret: str, name: Field, password: Field, repeated: Field
) -> Response:
    """Makes the first administrator."""
    words = _words(request, web)
    first: identity.FirstStart = request.app.state.first_start
    if not is_own_origin(web.config, request.headers):
        return _setup_form(words, web, words("login.again"), 403, name)
    if password != repeated:
        return _setup_form(words, web, words("setup.differs"), 422, name)
    agent = request.headers.get("user-agent", "")
    try:
        login = first.finish(secret, name, password, client_address(request), agent)
    except UsageError as error:
        return _setup_form(words, web, said(error, words), 422, name)
    except AccessDenied:
        return _page(words, words("setup.title"), _alert(words("setup.over")), 403)
    answer = RedirectResponse("/", 303)
    web.cookie.put(answer, login.secret)
    return answer


@router.get("/a/{token}")
def link_page(request: Request, web: Web, token: str) -> Response:
    """What a link in a message leads to. Looking changes nothing: mail scanners look too."""
    words = _words(request, web)
    try:
        claim, episode = _read(web, token)
    except LinkError:
        return _page(words, words("link.title"), _alert(words("link.bad")), 403)
    except RecordNotFound:
        return _page(words, words("link.title"), _alert(words("link.gone")), 404)
    if claim.action is LinkAction.VIEW:
        return RedirectResponse(f"/events?episode={episode.id}", 303)
    return _link_form(words, web, claim, episode)


@router.post("/a/{token}")
def follow_link(
    request: Request, web: Web, token: str, choice: Annotated[str, Form(max_length=2)] = ""
) -> Response:
    """Does what the link is for; the signature in it is the permission."""
    words = _words(request, web)
    try:
        claim, episode = _read(web, token)
        actor = holder_of_link(claim.recipient)
        if claim.action is LinkAction.ACKNOWLEDGE:
            was_open = episode.acknowledged_at is None
            episode = episodes.acknowledge_as(web, actor, episode.id)
            if not was_open or episode.acknowledged_by != actor:  # two need not go there
                return _link_form(words, web, claim, episode)
        elif claim.action is LinkAction.WRONG:
            chosen = next((each for each in CHOICES if each.key == choice), None)
            if chosen is None:
                return _link_form(words, web, claim, episode, 422)
            episodes.correct_as(web, actor, episode.id, chosen.state, chosen.fault)
    except LinkError:
        return _page(words, words("link.title"), _alert(words("link.bad")), 403)
    except RecordNotFound:
        return _page(words, words("link.title"), _alert(words("link.gone")), 404)
    return _page(words, words("link.title"), f"<p role='status'>{words('link.done')}</p>")


def refused(words: Words) -> HTMLResponse:
    """What somebody is answered whose role does not allow a page."""
    return _page(words, words("nav.refused"), "", 403)


def away(web: WebContext, request: HTTPConnection, error: StoreError) -> HTMLResponse:
    """What is said when the database cannot do what was asked.

    Browsers ask once more by themselves for what was only to be looked at.
    """
    words = _words(request, web)
    if isinstance(error, StoreFull):
        text = words("common.failed", reason=said(error, words))
        return _page(words, words("away.title"), _alert(text), 507)
    answer = _page(words, words("away.title"), _alert(words("away.text")), 503)
    if request.scope.get("method") == "GET":  # what was sent is not sent again
        answer.headers["Refresh"] = str(_ASK_AGAIN_S)
    return answer


def nothing_there(web: WebContext, request: Request) -> HTMLResponse:
    """What an address without a page is answered with, in the language of whoever asks."""
    principal = getattr(request.state, "principal", None)
    words = _words(request, web) if principal is None else Words.of(principal.user.language)
    return _page(words, words("nothing.title"), f"<p>{words('nothing.text')}</p>", 404)


def local_path(target: str) -> str:
    """Where to go after the login: only within this server."""
    is_local = target.startswith("/") and target[1:2] not in ("/", "\\")
    return target if is_local and target.isprintable() and len(target) <= _LONGEST_TARGET else "/"


def _read(web: WebContext, token: str) -> tuple[LinkClaim, EpisodeRecord]:
    claim = read_link(token, web.link_secrets, web.now())
    return claim, web.store.episodes.get(claim.episode_id)


def _words(request: HTTPConnection, web: WebContext) -> Words:
    return Words.accepted(request.headers.get("accept-language", ""), web.config.language)


def _elsewhere(request: Request, web: WebContext, words: Words) -> str:
    """Where to log in instead, if this is not where browsers keep the cookie of HTTPS."""
    address = web.config.base_url
    is_there = address is None or urlsplit(address).netloc == request.url.netloc
    # Browsers say how they fetch only over HTTPS and within one machine; proxies pass it on.
    if not web.config.is_https or is_there or "sec-fetch-mode" in request.headers:
        return ""
    return words("login.elsewhere", address=address)


def _login_form(
    words: Words, target: str, alert: str = "", status: int = 200, name: str = ""
) -> HTMLResponse:
    body = f"""{_alert(alert)}
<form method="post" action="/login">
<input type="hidden" name="target" value="{escape(target)}">
{_input("name", words("login.name"), "username", name)}
{_input("password", words("login.password"), "current-password")}
<button>{words("login.submit")}</button>
</form>"""
    return _page(words, words("login.title"), body, status)


def _setup_form(
    words: Words, web: WebContext, alert: str = "", status: int = 200, name: str = ""
) -> HTMLResponse:
    hint = words("setup.password_hint", count=web.config.login.min_password)
    body = f"""<p>{words("setup.text")}</p>{_alert(alert)}
<form method="post">
{_input("name", words("login.name"), "username", name)}
{_input("password", words("login.password"), "new-password", hint=hint)}
{_input("repeated", words("setup.repeat"), "new-password")}
<button>{words("setup.submit")}</button>
</form>"""
    return _page(words, words("setup.title"), body, status)


def _link_form(
    words: Words, web: WebContext, claim: LinkClaim, episode: EpisodeRecord, status: int = 200
) -> HTMLResponse:
    values = {
        # By itself a name that is written from right to left turns the date after it around.
        "camera": f"<bdi>{escape(episode.camera)}</bdi>",
        "time": _minute(web, episode.started_at),
        "words": words.what(episode.state, episode.fault),
    }
    if claim.action is LinkAction.ACKNOWLEDGE:
        body = f"""<p>{words("link.episode", **values)}</p>
{_acknowledging(words, web, claim, episode)}"""
    else:
        body = f"""<p>{words("link.wrong_text", **values)}</p>{_corrected(words, web, episode)}
<form method="post"><fieldset><legend>{words("events.wrong_title")}</legend>
{"".join(_radio(words, each) for each in CHOICES)}
</fieldset><button>{words("link.wrong")}</button></form>"""
    return _page(words, words("link.title"), body, status)


def _acknowledging(words: Words, web: WebContext, claim: LinkClaim, episode: EpisodeRecord) -> str:
    """The button; whose turn it is instead, once somebody has pressed one."""
    if episode.acknowledged_at is None:
        return f"""<p>{words("link.acknowledge_text")}</p>
<form method="post"><button>{words("link.acknowledge")}</button></form>"""
    holder = holder_of_link(claim.recipient)  # the links of some channels are everybody's
    is_own = claim.recipient is not None and episode.acknowledged_by == holder
    key = "link.acknowledged" if is_own else "link.taken"
    return f"<p role='status'>{words(key, time=_minute(web, episode.acknowledged_at))}</p>"


def _corrected(words: Words, web: WebContext, episode: EpisodeRecord) -> str:
    """What somebody has answered already; nothing when nobody has."""
    if episode.corrected_at is None or episode.corrected_state is None:
        return ""
    answer = words.what(episode.corrected_state, episode.corrected_fault)
    time = _minute(web, episode.corrected_at)
    return f"<p role='status'>{words('link.corrected', words=answer, time=time)}</p>"


def _minute(web: WebContext, at: datetime) -> str:
    return f"{at.astimezone(web.timezone):%Y-%m-%d %H:%M}"


def _radio(words: Words, choice: Choice) -> str:
    text = words.what(choice.state, choice.fault)
    return f'<label><input type="radio" name="choice" value="{choice.key}" required> {text}</label>'


def _input(name: str, label: str, autocomplete: str, value: str = "", hint: str = "") -> str:
    kind = "password" if "password" in autocomplete else "text"
    described = f'<small id="{name}-hint">{hint}</small>' if hint else ""
    by = f' aria-describedby="{name}-hint"' if hint else ""
    return (
        f'<label for="{name}">{label}</label><input id="{name}" name="{name}" type="{kind}" '
        f'autocomplete="{autocomplete}" value="{escape(value)}" required{by}>{described}'
    )


def _alert(text: str) -> str:
    return f'<p role="alert">{escape(text)}</p>' if text else ""


def _page(words: Words, title: str, body: str, status: int = 200) -> HTMLResponse:
    html = f"""<!doctype html>
<html lang="{words.language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - maskwatch</title><link rel="icon" href="/static/icon.svg">
<link rel="stylesheet" href="{static_address("plain.css")}"></head>
<body><main><p class="brand"><a href="/">maskwatch</a></p><h1>{title}</h1>
{body}</main></body></html>"""
    return HTMLResponse(html, status)
