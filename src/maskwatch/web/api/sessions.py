"""Logging in and out, oneself, one's tokens, the first start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Request, Response

from maskwatch.errors import UsageError
from maskwatch.web import identity
from maskwatch.web.actions import users
from maskwatch.web.api.access import Caller, Web, must_be_own_origin, visitor_of
from maskwatch.web.api.problems import problems
from maskwatch.web.api.views.base import Id
from maskwatch.web.api.views.users import (
    ApiTokenView,
    Credentials,
    FirstUser,
    MeView,
    MyChanges,
    NewApiToken,
    NewApiTokenView,
)

router = APIRouter(tags=["you"])


@router.post("/session", responses=problems(401, 403, 422, 429))
def log_in(request: Request, response: Response, web: Web, body: Credentials) -> MeView:
    """Logs in; the answer sets the session's cookie. A session that there was before ends."""
    must_be_own_origin(request, web)
    login = identity.log_in(web, body.name, body.password, visitor_of(request, web))
    web.cookie.put(response, login.secret)
    return MeView.of(login.principal)


@router.delete("/session", status_code=204, responses=problems(401, 403))
def log_out(response: Response, web: Web, principal: Caller) -> None:
    """Logs out."""
    identity.log_out(web, principal)
    web.cookie.clear(response)


@router.post("/setup", status_code=201, responses=problems(403, 422))
def set_up(request: Request, response: Response, web: Web, body: FirstUser) -> MeView:
    """Makes the first administrator with the set-up link and logs in."""
    must_be_own_origin(request, web)
    first: identity.FirstStart = request.app.state.first_start
    login = first.finish(body.secret, body.name, body.password, visitor_of(request, web))
    web.cookie.put(response, login.secret)
    return MeView.of(login.principal)


@router.get("/me", responses=problems(401))
def who_am_i(principal: Caller) -> MeView:
    """Who is asking, and what they may do."""
    return MeView.of(principal)


@router.patch("/me", responses=problems(401, 403, 422, 429))
def change_me(web: Web, principal: Caller, body: MyChanges) -> MeView:
    """Changes one's language or password; a new password ends all other sessions.

    Needs a session.
    """
    if (body.current_password is None) != (body.new_password is None):
        raise UsageError("a new password needs the current one")
    if body.current_password is not None and body.new_password is not None:
        users.change_own_password(web, principal, body.current_password, body.new_password)
    if body.language is not None:
        user = users.change_language(web, principal, body.language)
        principal = replace(principal, user=user)
    return MeView.of(principal)


@router.get("/tokens", responses=problems(401, 403))
def list_tokens(web: Web, principal: Caller) -> Sequence[ApiTokenView]:
    """One's own tokens. Needs a session, or a token with `users`."""
    return ApiTokenView.all(users.list_tokens(web, principal))


@router.post("/tokens", status_code=201, responses=problems(401, 403, 422))
def add_token(web: Web, principal: Caller, body: NewApiToken) -> NewApiTokenView:
    """Makes a token for a program; its text is shown this once. Needs a session."""
    made = users.add_token(web, principal, body.name, body.scopes, body.expires_at)
    return NewApiTokenView(token=made.token, record=ApiTokenView.of(made.record))


@router.delete("/tokens/{token_id}", status_code=204, responses=problems(401, 403, 404, 422))
def revoke_token(web: Web, principal: Caller, token_id: Id) -> None:
    """Ends a token for good. Needs a session, or a token with `users`."""
    users.revoke_token(web, principal, token_id)
