"""Acceptance walks: walking before a camera, and the reports of those that were finished."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response

from maskwatch.web.actions import walks
from maskwatch.web.api.access import Caller, Web
from maskwatch.web.api.files import PDF, PNG, download, gives
from maskwatch.web.api.problems import problems
from maskwatch.web.api.queries import After, Limit, OneCamera
from maskwatch.web.api.views.base import Id
from maskwatch.web.api.views.cameras import CameraName
from maskwatch.web.api.views.walks import NewMark, NewPart, RunningWalkView, WalkPage, WalkView
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.printing.paper import Paper
from maskwatch.web.printing.walk import draw_walk
from maskwatch.web.text import Words
from maskwatch.web.walks.recording import WalkState

router = APIRouter(tags=["walks"])


@router.post("/cameras/{name}/walk", status_code=201, responses=problems(404, 409, 422))
def begin_walk(web: Web, principal: Caller, name: CameraName) -> WalkState:
    """Begins a walk before a camera.

    Then, as often as wanted, start a part (`parts`), say when the person walking passes a mark on
    the floor (`marks`), and end the walk (`finish`), which gives the report. One's own walk that
    still goes on there is broken off; somebody else's is in the way (409). Where nothing leads to
    an alarm now, as no mask is required or the camera is not watching, there is no walk (422).
    """
    return walks.begin_walk(web, principal, name)


@router.get("/cameras/{name}/walk", responses=problems(404, 422))
def see_running(web: Web, principal: Caller, name: CameraName) -> RunningWalkView:
    """The walk that goes on before a camera."""
    return RunningWalkView.of(walks.see_running(web, principal, name))


@router.delete("/cameras/{name}/walk", status_code=204, responses=problems(404, 422))
def break_off_walk(web: Web, principal: Caller, name: CameraName) -> None:
    """Forgets the walk that goes on."""
    walks.break_off_walk(web, principal, name)


@router.post("/cameras/{name}/walk/parts", status_code=201, responses=problems(404, 422))
def start_part(web: Web, principal: Caller, name: CameraName, body: NewPart) -> WalkState:
    """Starts a part; the one that goes on is ended. 422 where nothing leads to an alarm now."""
    return walks.start_part(web, principal, name, body.phase)


@router.post("/cameras/{name}/walk/marks", status_code=201, responses=problems(404, 422))
def pass_mark(web: Web, principal: Caller, name: CameraName, body: NewMark) -> WalkState:
    """The person walking passes a mark, now."""
    return walks.pass_mark(web, principal, name, body.distance_m)


@router.post("/cameras/{name}/walk/pause", responses=problems(404, 422))
def end_part(web: Web, principal: Caller, name: CameraName) -> WalkState:
    """Ends the part that goes on, without starting another."""
    return walks.end_part(web, principal, name)


@router.post("/cameras/{name}/walk/finish", status_code=201, responses=problems(404, 422))
def end_walk(web: Web, principal: Caller, name: CameraName) -> WalkView:
    """Ends the walk; its report is kept."""
    return WalkView.of(walks.end_walk(web, principal, name))


@router.get("/walks", responses=problems(422))
def list_walks(
    web: Web,
    principal: Caller,
    camera: OneCamera = None,
    after: After = None,
    limit: Limit = 50,
) -> WalkPage:
    """Walks, the newest first."""
    return WalkPage.of(walks.list_walks(web, principal, camera, after, limit))


@router.get("/walks/{walk_id}", responses=problems(404, 422))
def see_walk(web: Web, principal: Caller, walk_id: Id) -> WalkView:
    """One walk with its report."""
    return WalkView.of(walks.see_walk(web, principal, walk_id))


@router.get("/walks/{walk_id}/report.pdf", **gives(PDF, 404, 422, 429))
def walk_pdf(web: Web, principal: Caller, walk_id: Id) -> Response:
    """The report to print."""
    made = _report(web, principal, walk_id, Paper.as_pdf)
    return download(made, PDF, "maskwatch-walk.pdf")


@router.get("/walks/{walk_id}/report.png", **gives(PNG, 404, 422, 429))
def walk_png(web: Web, principal: Caller, walk_id: Id) -> Response:
    """The same as a picture."""
    made = _report(web, principal, walk_id, Paper.as_png)
    return download(made, PNG, "maskwatch-walk.png")


@router.delete("/walks/{walk_id}", status_code=204, responses=problems(404, 422))
def delete_walk(web: Web, principal: Caller, walk_id: Id) -> None:
    """Forgets a walk."""
    walks.delete_walk(web, principal, walk_id)


def _report(
    web: WebContext, principal: Principal, walk_id: str, finish: Callable[[Paper], bytes]
) -> bytes:
    walk = walks.see_walk(web, principal, walk_id)
    with web.reports.taken():
        words = Words.of(principal.user.language)
        return finish(draw_walk(words, walk, web.timezone(), web.version))
