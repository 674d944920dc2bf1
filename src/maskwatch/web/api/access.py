"""Who calls a route; whether they may is for the action to say."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from fastapi.security.utils import get_authorization_scheme_param

from maskwatch.errors import AccessDenied, NotLoggedIn
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal, Visitor, of_session, of_token
from maskwatch.web.security.origin import is_own_origin

CSRF_HEADER = "X-CSRF-Token"
_SAFE = ("GET", "HEAD", "OPTIONS")

_bearer = HTTPBearer(auto_error=False, description="An API token: `mwt_...`")
_cookie = APIKeyCookie(
    name="",  # each installation has one of its own
    auto_error=False,
    description=f"A session. Changing requests need the header `{CSRF_HEADER}` as well.",
)
COOKIE_SCHEME = _cookie.scheme_name
"""What the OpenAPI document calls the way in by a cookie."""


async def web_of(request: Request) -> WebContext:
    """What the application was built from."""
    web: WebContext = request.app.state.web
    return web


Web = Annotated[WebContext, Depends(web_of)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
"""The token that came with a request; None without one."""


def principal_of(
    request: Request,
    web: Web,
    _token: Bearer = None,
    _secret: Annotated[str | None, Security(_cookie)] = None,
) -> Principal:
    """Who calls, by token or by session; the other two are for the OpenAPI document.

    Raises:
        NotLoggedIn: nobody we know.
        AccessDenied: a changing request from a browser that no page of ours sent.
    """
    principal = sender_of(request, web)
    if principal.csrf is not None and request.method not in _SAFE:
        must_be_own_page(request, web, principal)
    return principal


def sender_of(request: Request, web: WebContext) -> Principal:
    """Whose token or session came with a request, with the rights of now: it may be open for long.

    Raises:
        NotLoggedIn: nobody's, or it has ended.
    """
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    if token and scheme.lower() == "bearer":
        return of_token(web, token)
    secret = web.cookie.of(request.cookies)
    if secret is None:
        raise NotLoggedIn("not logged in")
    return of_session(web, secret)


def must_be_own_page(request: Request, web: WebContext, principal: Principal) -> None:
    """Refuses what another site may have made the browser send (CSRF)."""
    must_be_own_origin(request, web)
    if not principal.is_own_page(request.headers.get(CSRF_HEADER, "")):
        raise AccessDenied(f"the header {CSRF_HEADER} is missing or wrong")


def must_be_own_origin(request: Request, web: WebContext) -> None:
    """The same as far as it can be told while there is no session, whose secret pages send along.

    Raises:
        AccessDenied: a page of another site sent it.
    """
    if not is_own_origin(web.config, request.headers):
        raise AccessDenied("this request comes from another site")


Caller = Annotated[Principal, Depends(principal_of)]
"""Whoever is known; what they may do, the actions say."""


def visitor_of(request: Request, web: WebContext) -> Visitor:
    """Where a request to log in comes from; behind a trusted proxy, where the proxy says."""
    address = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")
    return Visitor(address, agent, web.cookie.of(request.cookies))
