"""Acceptance walks that were finished; they are walked in the dashboard."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from maskwatch.web.actions import walks
from maskwatch.web.actions.paper import Paper
from maskwatch.web.actions.walk_facts import draw_walk
from maskwatch.web.api.access import CameraReader, CameraWriter, Web
from maskwatch.web.api.files import download
from maskwatch.web.api.problems import problems
from maskwatch.web.api.views import Id, Text, WalkPage, WalkView
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.text import Words

router = APIRouter(tags=["walks"], prefix="/walks")


@router.get("", responses=problems(401, 403, 422))
def list_walks(
    web: Web,
    principal: CameraReader,
    camera: Annotated[Text | None, Query(max_length=64)] = None,
    after: Annotated[Text | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> WalkPage:
    """Walks, the newest first."""
    return WalkPage.model_validate(walks.list_walks(web, principal, camera, after, limit))


@router.get("/{walk_id}", responses=problems(401, 403, 404, 422))
def see_walk(web: Web, principal: CameraReader, walk_id: Id) -> WalkView:
    """One walk with its report."""
    return WalkView.model_validate(walks.see_walk(web, principal, walk_id))


@router.get(
    "/{walk_id}/report.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}, **problems(401, 403, 404, 422)},
)
def walk_pdf(web: Web, principal: CameraReader, walk_id: Id) -> Response:
    """The report to print."""
    return download(
        _paper(web, principal, walk_id).as_pdf(), "application/pdf", "maskwatch-walk.pdf"
    )


@router.get(
    "/{walk_id}/report.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **problems(401, 403, 404, 422)},
)
def walk_png(web: Web, principal: CameraReader, walk_id: Id) -> Response:
    """The same as a picture."""
    return download(_paper(web, principal, walk_id).as_png(), "image/png", "maskwatch-walk.png")


@router.delete("/{walk_id}", status_code=204, responses=problems(401, 403, 404, 422))
def delete_walk(web: Web, principal: CameraWriter, walk_id: Id) -> None:
    """Forgets a walk."""
    walks.delete_walk(web, principal, walk_id)


def _paper(web: WebContext, principal: Principal, walk_id: str) -> Paper:
    walk = walks.see_walk(web, principal, walk_id)
    return draw_walk(Words.of(principal.user.language), walk, web.timezone, web.version)
