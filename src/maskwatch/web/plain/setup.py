"""The first start: whoever has its link becomes the first administrator."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from maskwatch.errors import AccessDenied, UsageError
from maskwatch.web.api.access import Web, visitor_of
from maskwatch.web.context import WebContext
from maskwatch.web.identity import FirstStart
from maskwatch.web.plain.errors import PageRoute
from maskwatch.web.plain.frame import Field, alert, field, page, words_for
from maskwatch.web.refusals import said
from maskwatch.web.security.origin import is_own_origin
from maskwatch.web.text import Words

router = APIRouter(route_class=PageRoute)


@router.get("/setup/{secret}")
def setup_page(request: Request, web: Web, secret: str) -> Response:
    """The form for the first administrator."""
    words = words_for(request, web)
    first: FirstStart = request.app.state.first_start
    return _form(words, web) if first.is_valid(secret) else _over(words)


@router.post("/setup/{secret}")
def set_up(
    request: Request, web: Web, secret: str, name: Field, password: Field, repeated: Field
) -> Response:
    """Makes the first administrator."""
    words = words_for(request, web)
    first: FirstStart = request.app.state.first_start
    if not is_own_origin(web.config, request.headers):
        return _form(words, web, words("login.again"), 403, name)
    if password != repeated:
        return _form(words, web, words("setup.differs"), 422, name)
    try:
        login = first.finish(secret, name, password, visitor_of(request, web))
    except UsageError as error:
        return _form(words, web, said(error, words), 422, name)
    except AccessDenied:
        return _over(words)
    answer = RedirectResponse("/", 303)
    web.cookie.put(answer, login.secret)
    return answer


def _form(
    words: Words, web: WebContext, problem: str = "", status: int = 200, name: str = ""
) -> HTMLResponse:
    hint = words("setup.password_hint", count=web.config.login.min_password)
    body = f"""<p>{words("setup.text")}</p>{alert(problem)}
<form method="post">
{field("name", words("login.name"), "username", name)}
{field("password", words("login.password"), "new-password", hint=hint)}
{field("repeated", words("setup.repeat"), "new-password")}
<button>{words("setup.submit")}</button>
</form>"""
    return page(words, words("setup.title"), body, status)


def _over(words: Words) -> HTMLResponse:
    return page(words, words("setup.title"), alert(words("setup.over")), 403)
