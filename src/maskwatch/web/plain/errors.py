"""What is said in words for people where there is no page, or none just now."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection

from maskwatch.errors import StoreError, StoreFull
from maskwatch.web.context import WebContext
from maskwatch.web.plain.frame import alert, page, words_for
from maskwatch.web.refusals import said
from maskwatch.web.text import Words

_ASK_AGAIN_S = 15
"""After which browsers ask once more: nobody sits before a display on a wall."""


class PageRoute(APIRoute):
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


def refused(words: Words) -> HTMLResponse:
    """What somebody is answered whose role does not allow a page."""
    return page(words, words("nav.refused"), "", 403)


def away(web: WebContext, request: HTTPConnection, error: StoreError) -> HTMLResponse:
    """What is said when the database cannot do what was asked.

    Browsers ask once more by themselves for what was only to be looked at.
    """
    words = words_for(request, web)
    if isinstance(error, StoreFull):
        text = words("common.failed", reason=said(error, words))
        return page(words, words("away.title"), alert(text), 507)
    answer = page(words, words("away.title"), alert(words("away.text")), 503)
    if request.scope.get("method") == "GET":  # what was sent is not sent again
        answer.headers["Refresh"] = str(_ASK_AGAIN_S)
    return answer


def nothing_there(web: WebContext, request: Request) -> HTMLResponse:
    """What an address without a page is answered with, in the language of whoever asks."""
    principal = getattr(request.state, "principal", None)
    words = words_for(request, web) if principal is None else Words.of(principal.user.language)
    return page(words, words("nothing.title"), f"<p>{words('nothing.text')}</p>", 404)
