"""The queue of faces that wait for a label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maskwatch.errors import RecordNotFound, SnapshotDamaged, UsageError
from maskwatch.store.records import ReviewItem, SnapshotRecord
from maskwatch.store.reviews import ReviewCounts
from maskwatch.types import Fault, State
from maskwatch.web.actions.episodes import must_fit
from maskwatch.web.actions.review_export import Export, Labelled, export_review
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.security.scopes import Scope


@dataclass(frozen=True, slots=True)
class Choice:
    """A label that a key stands for."""

    key: str
    state: State
    fault: Fault | None


CHOICES = (
    Choice("1", State.MASK, None),
    Choice("2", State.INCORRECT, Fault.NOSE_OUT),
    Choice("3", State.INCORRECT, Fault.UNDER_CHIN),
    Choice("4", State.INCORRECT, Fault.CHIN_OUT),
    Choice("5", State.INCORRECT, Fault.OTHER),
    Choice("6", State.NO_MASK, None),
)
"""Keys 1 to 6 of the review page."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for a label, and how far the work is."""

    items: Sequence[ReviewItem]
    counts: ReviewCounts


def queue(web: WebContext, principal: Principal, limit: int = 50) -> Queue:
    """Faces without a label: first what a person called wrong, then the oldest."""
    principal.must_allow(Scope.REVIEW)
    return Queue(web.store.reviews.waiting(limit), web.store.reviews.counts())


def see_face(web: WebContext, principal: Principal, item_id: str) -> tuple[SnapshotRecord, bytes]:
    """The photo in which the face is; the audit log notes who looked.

    Raises:
        AccessDenied: the policy allows no pictures.
        RecordNotFound: no such item, or its photo is gone.
    """
    principal.must_allow(Scope.REVIEW)
    web.must_allow_images()
    item = web.store.reviews.get(item_id)
    snapshot = web.store.snapshots.get(item.snapshot_id)
    data = web.store.snapshots.read(snapshot.id)
    web.store.audit.append(principal.actor, "review.photo_viewed", *_noted(item))
    return snapshot, data


def label(
    web: WebContext, principal: Principal, item_id: str, state: State, fault: Fault | None
) -> ReviewItem:
    """Gives a face its label, or another one.

    Raises:
        UsageError: the fault does not go with the state, or the label is ``unknown``.
        RecordNotFound: there is no such item.
    """
    principal.must_allow(Scope.REVIEW)
    must_fit(state, fault)
    if state is State.UNKNOWN:
        raise UsageError("unknown is no label: skip the face instead")
    with web.store.transaction():
        if not web.store.reviews.label(item_id, state, fault, by=principal.actor, at=web.now()):
            raise _not_there(item_id)
        item = web.store.reviews.get(item_id)
        said = {"state": state.value, "fault": fault.value if fault else None}
        web.store.audit.append(principal.actor, "review.labelled", *_noted(item, **said))
    return item


def skip(web: WebContext, principal: Principal, item_id: str) -> ReviewItem:
    """Takes a face out of the queue that nobody can judge."""
    principal.must_allow(Scope.REVIEW)
    with web.store.transaction():
        if not web.store.reviews.skip(item_id):
            raise _not_there(item_id)
        item = web.store.reviews.get(item_id)
        web.store.audit.append(principal.actor, "review.skipped", *_noted(item))
    return item


def undo(web: WebContext, principal: Principal, item_id: str) -> ReviewItem:
    """Puts a face back into the queue that was labelled or skipped."""
    principal.must_allow(Scope.REVIEW)
    with web.store.transaction():
        if not web.store.reviews.reopen(item_id):
            raise _not_there(item_id)
        item = web.store.reviews.get(item_id)
        web.store.audit.append(principal.actor, "review.undone", *_noted(item))
    return item


def export(web: WebContext, principal: Principal) -> Export:
    """All labelled faces as a data set; the audit log notes who took it.

    Raises:
        AccessDenied: the policy allows no pictures.
    """
    principal.must_allow(Scope.REVIEW_EXPORT)
    web.must_allow_images()
    labelled = [Labelled(item, photo) for item, photo in web.store.reviews.labelled()]
    made = export_review(labelled, lambda snapshot_id: _read(web, snapshot_id))
    detail = {"faces": made.faces, "left_out": made.left_out}
    web.store.audit.append(principal.actor, "review.exported", "", detail)
    return made


def _read(web: WebContext, snapshot_id: str) -> bytes | None:
    try:
        return web.store.snapshots.read(snapshot_id)
    except (RecordNotFound, SnapshotDamaged):
        return None


def _noted(item: ReviewItem, **said: str | None) -> tuple[str, Mapping[str, Any]]:
    """Subject and detail of an entry of the audit log.

    The subject is the episode, where there is one: who asks for it is told who looked, also
    when the face is no longer in the queue because its photo is gone.
    """
    return item.episode_id or item.id, {"item": item.id, **said}


def _not_there(item_id: str) -> RecordNotFound:
    return RecordNotFound(f"no face in the queue has the id {item_id!r}")
