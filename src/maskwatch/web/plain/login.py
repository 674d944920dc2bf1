"""Logging in and out."""

from __future__ import annotations

import math
from contextlib import suppress
from html import escape
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from maskwatch.errors import NotLoggedIn, Throttled
from maskwatch.web import identity
from maskwatch.web.api.access import Web, visitor_of
from maskwatch.web.context import WebContext
from maskwatch.web.plain.errors import PageRoute
from maskwatch.web.plain.frame import Field, alert, field, page, words_for
from maskwatch.web.security.origin import is_own_origin
from maskwatch.web.text import Words

router = APIRouter(route_class=PageRoute)

_LONGEST_TARGET = 1000
"""Of an address to go to: that of events names its cameras, and forms take no field over 1024."""


@router.get("/login")
def login_page(
    request: Request, web: Web, target: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    """The form to log in with; whoever is logged in goes on to where they wanted to go."""
    target = _local_path(target)
    secret = web.cookie.of(request.cookies)
    if secret is not None:
        with suppress(NotLoggedIn):
            identity.of_session(web, secret)
            return RedirectResponse(target, 303)
    words = words_for(request, web)
    return _form(words, target, _elsewhere(request, web, words))


@router.post("/login")
def log_in(
    request: Request, web: Web, name: Field, password: Field, target: Field = "/"
) -> Response:
    """Logs in and goes where one wanted to go."""
    words, target = words_for(request, web), _local_path(target)
    if not is_own_origin(web.config, request.headers):
        return _form(words, target, words("login.again"), 403)
    try:
        login = identity.log_in(web, name, password, visitor_of(request, web))
    except Throttled as error:
        text = words("login.wait", seconds=math.ceil(error.wait_s))
        return _form(words, target, text, 429, name)
    except NotLoggedIn:
        return _form(words, target, words("login.wrong"), 401, name)
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
        if not principal.is_own_page(csrf):
            return Response("foreign form", 403)
        identity.log_out(web, principal)
    web.cookie.clear(answer)
    return answer


def _local_path(target: str) -> str:
    """Where to go after the login: only within this server."""
    is_local = target.startswith("/") and target[1:2] not in ("/", "\\")
    return target if is_local and target.isprintable() and len(target) <= _LONGEST_TARGET else "/"


def _elsewhere(request: Request, web: WebContext, words: Words) -> str:
    """Where to log in instead, if this is not where browsers keep the cookie of HTTPS."""
    address = web.config.base_url
    is_there = address is None or urlsplit(address).netloc == request.url.netloc
    # Browsers say how they fetch only over HTTPS and within one machine; proxies pass it on.
    if not web.config.is_https or is_there or "sec-fetch-mode" in request.headers:
        return ""
    return words("login.elsewhere", address=address)


def _form(
    words: Words, target: str, problem: str = "", status: int = 200, name: str = ""
) -> HTMLResponse:
    body = f"""{alert(problem)}
<form method="post" action="/login">
<input type="hidden" name="target" value="{escape(target)}">
{field("name", words("login.name"), "username", name)}
{field("password", words("login.password"), "current-password")}
<button>{words("login.submit")}</button>
</form>"""
    return page(words, words("login.title"), body, status)
