"""The web application: routes, pages and everything that stands before them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from maskwatch.errors import StoreError
from maskwatch.web import probes
from maskwatch.web.api import (
    cameras,
    episodes,
    live,
    people,
    readings,
    review,
    sessions,
    system,
    users,
    walks,
)
from maskwatch.web.api.access import COOKIE_SCHEME
from maskwatch.web.api.problems import add_problem_handlers, answer_unknown_addresses, problems
from maskwatch.web.context import WebContext
from maskwatch.web.gate import DashboardGate
from maskwatch.web.identity import FirstStart
from maskwatch.web.problem import Problem
from maskwatch.web.security.headers import SecurityHeaders
from maskwatch.web.security.limits import BodyLimit

_log = logging.getLogger(__name__)

API = "/api/v1"
OPENAPI = "/api/openapi.json"


def create_app(web: WebContext, *, dashboard: bool = True) -> FastAPI:
    """Builds the application.

    Args:
        web: store, live views, the running service, and the configuration.
        dashboard: whether there are pages beside the REST API. At most one application of a
            process may have them, as NiceGUI keeps them in the process.
    """
    app = FastAPI(
        title="maskwatch",
        version=web.version,
        summary="Face-mask compliance: cameras, episodes, people, review.",
        openapi_url=OPENAPI,
        docs_url=None,  # its scripts come from another site
        redoc_url=None,
        separate_input_output_schemas=False,
        lifespan=_lifespan,
    )
    app.state.web = web
    app.state.first_start = FirstStart(web)
    app.include_router(sessions.router, prefix=API)
    # The routes of live come first: cameras/{name} would take theirs for names.
    for module in (users, episodes, people, review, live, cameras, readings, walks, system):
        app.include_router(module.router, prefix=API, responses=problems(401, 403))
    app.include_router(probes.router)
    add_problem_handlers(app)
    answer_unknown_addresses(app, API)  # after all others, before the pages
    _describe(app, web)
    if dashboard:
        _add_dashboard(app, web)
    # The last one added is the first to see a request.
    app.add_middleware(BodyLimit, max_bytes=web.config.max_body_bytes)
    app.add_middleware(SecurityHeaders, is_https=web.config.is_https)
    proxies = [str(each) for each in web.config.trusted_proxies]
    if proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)
    return app


def setup_url(app: FastAPI, base_url: str) -> str | None:
    """The link that makes the first administrator; None when there are users already.

    Each call makes a new one and ends the one before.
    """
    first_start: FirstStart = app.state.first_start
    secret = first_start.open()
    return None if secret is None else f"{base_url}/setup/{secret}"


def _add_dashboard(app: FastAPI, web: WebContext) -> None:
    # Imported here: NiceGUI takes a second to load, and the API alone does not need it.
    from maskwatch.web import pages, plain, wall

    app.include_router(plain.router, include_in_schema=False)
    app.include_router(wall.router, include_in_schema=False)
    pages.mount(app, web)
    app.add_middleware(DashboardGate, web=web)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    web: WebContext = app.state.web
    web.store.sessions.delete_expired(web.now())
    yield
    try:
        web.journal.close()
    except StoreError as error:
        _log.warning("refused logins of the latest hour are not in the audit log: %s", error)


def _describe(app: FastAPI, web: WebContext) -> None:
    """Adds to the OpenAPI document what no route says by itself.

    That is the shape of problems, and what the cookie of a session is called here.
    """

    def openapi() -> dict[str, object]:
        if not app.openapi_schema:
            schema = get_openapi(
                title=app.title, version=app.version, summary=app.summary, routes=app.routes
            )
            components = schema["components"]
            components["schemas"]["Problem"] = Problem.model_json_schema()
            components["securitySchemes"][COOKIE_SCHEME]["name"] = web.cookie.name
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
