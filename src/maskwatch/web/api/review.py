"""The queue of faces that wait for a label."""

from __future__ import annotations

from fastapi import APIRouter, Response

from maskwatch.web.actions import review
from maskwatch.web.api.access import Caller, Web
from maskwatch.web.api.files import JPEG, ZIP, download, gives
from maskwatch.web.api.problems import problems
from maskwatch.web.api.queries import Limit
from maskwatch.web.api.views.base import Id
from maskwatch.web.api.views.episodes import Correction
from maskwatch.web.api.views.review import QueueView, ReviewItemView

router = APIRouter(tags=["review"], prefix="/review")


@router.get("", responses=problems(422))
def queue(web: Web, principal: Caller, limit: Limit = 50) -> QueueView:
    """What comes next: first what a person called wrong, then the oldest."""
    return QueueView.of(review.queue(web, principal, limit))


@router.get("/export.zip", **gives(ZIP))
def export(web: Web, principal: Caller) -> Response:
    """All labelled faces that can be seen, as a data set for `maskwatch-train`."""
    made = review.export(web, principal)
    counts = {"X-Faces": str(made.faces), "X-Left-Out": str(made.left_out)}
    return download(made.parts, ZIP, "maskwatch-review.zip", **counts)


@router.get("/{item_id}/photo", **gives(JPEG, 404, 410, 422))
def photo(web: Web, principal: Caller, item_id: Id) -> Response:
    """The photo in which the face is. The audit log notes it."""
    _, data = review.see_face(web, principal, item_id)
    return Response(data, media_type=JPEG)


@router.post("/{item_id}/label", responses=problems(404, 409, 422))
def label(web: Web, principal: Caller, item_id: Id, body: Correction) -> ReviewItemView:
    """Gives a face that waits its label; 409 when somebody else was quicker."""
    return ReviewItemView.of(review.label(web, principal, item_id, body.state, body.fault))


@router.post("/{item_id}/skip", responses=problems(404, 409, 422))
def skip(web: Web, principal: Caller, item_id: Id) -> ReviewItemView:
    """Takes a face out of the queue that nobody can judge; 409 when it does not wait."""
    return ReviewItemView.of(review.skip(web, principal, item_id))


@router.post("/{item_id}/undo", responses=problems(404, 409, 422))
def undo(web: Web, principal: Caller, item_id: Id, of_anybody: bool = False) -> ReviewItemView:
    """Puts a face back into the queue whose label, or skip, is one's own.

    Somebody else's is taken back with `of_anybody`, to correct it on purpose; 409 without.
    """
    return ReviewItemView.of(review.undo(web, principal, item_id, of_anybody=of_anybody))
