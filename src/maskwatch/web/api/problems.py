"""Errors as answers: RFC 9457 problem details, the same shape for all of them."""

from __future__ import annotations

import math
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from maskwatch.errors import (
    AccessDenied,
    MaskwatchError,
    NotLoggedIn,
    RecordChanged,
    RecordExists,
    RecordNotFound,
    SnapshotDamaged,
    SnapshotRefused,
    SourceError,
    StoreError,
    StoreFull,
    Throttled,
    UsageError,
)
from maskwatch.web.problem import MEDIA_TYPE, problem

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# The first that fits counts, so narrower kinds come before wider ones.
_STATUS: tuple[tuple[type[MaskwatchError], int, str], ...] = (
    (Throttled, 429, "too many requests"),
    (NotLoggedIn, 401, "not logged in"),
    (AccessDenied, 403, "not allowed"),
    (RecordNotFound, 404, "not found"),
    (SnapshotRefused, 403, "not allowed"),
    (SnapshotDamaged, 410, "photo is gone"),
    (RecordChanged, 409, "changed meanwhile"),
    (RecordExists, 409, "exists already"),
    (UsageError, 422, "makes no sense"),
    (SourceError, 502, "camera does not answer"),
    (StoreFull, 507, "disk full"),
    (StoreError, 503, "storage does not answer"),
)

_OF_THE_STORE = (503, 507)
"""Any route may meet them: whoever asks is looked up in the database, and looking is noted there.
"""


def status_of(error: MaskwatchError) -> tuple[int, str]:
    """Status code and title of an error that this program raises on purpose."""
    return next(
        ((status, title) for kind, status, title in _STATUS if isinstance(error, kind)),
        (500, "failed"),
    )


def answer_unknown_addresses(app: FastAPI, prefix: str) -> None:
    """Has every address below a prefix that no route knows answered with a problem.

    To be called when the routes are there. Without it the pages, which are asked for what nothing
    else answers, would answer with one of their own.
    """
    known = list(app.routes)

    def unknown(request: Request) -> Any:
        def answers(method: str) -> bool:
            scope = {**request.scope, "method": method}
            return any(route.matches(scope)[0] is Match.FULL for route in known)

        allowed = [method for method in _METHODS if answers(method)]
        if not allowed:
            return problem(404, "not found", f"there is nothing at {request.url.path}")
        detail = f"{request.url.path} does not know {request.method}"
        return problem(405, "not allowed", detail, {"Allow": ", ".join(allowed)})

    app.add_route(prefix + "/{path:path}", unknown, list(_METHODS), include_in_schema=False)


def add_problem_handlers(app: FastAPI) -> None:
    """Teaches an application to answer errors with problems."""
    app.add_exception_handler(MaskwatchError, _on_own_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)


async def _on_own_error(_: Request, error: Exception) -> Any:
    assert isinstance(error, MaskwatchError)  # noqa: S101 - registered for these
    status, title = status_of(error)
    headers = {}
    if isinstance(error, Throttled):
        headers["Retry-After"] = str(math.ceil(error.wait_s))
    if isinstance(error, NotLoggedIn):
        headers["WWW-Authenticate"] = "Bearer"
    return problem(status, title, str(error), headers)


async def _on_http_error(_: Request, error: Exception) -> Any:
    assert isinstance(error, HTTPException)  # noqa: S101
    headers = dict(error.headers or {})
    return problem(error.status_code, str(error.detail).lower(), str(error.detail), headers)


async def _on_invalid(_: Request, error: Exception) -> Any:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    # Inputs are left out: one of them may be a password.
    reasons = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    return problem(422, "makes no sense", "; ".join(reasons))


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route documents: these status codes answer with a problem, and those of the store."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": _titles(status).capitalize(), "content": content}
        for status in (*statuses, *_OF_THE_STORE)
    }


def _titles(status: int) -> str:
    return " or ".join(title for _, code, title in _STATUS if code == status)
