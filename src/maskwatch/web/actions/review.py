"""The queue of faces that wait for a label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from maskwatch.errors import (
    RecordChanged,
    RecordNotFound,
    SnapshotDamaged,
    SnapshotRefused,
    UsageError,
)
from maskwatch.store.records import ReviewItem, SnapshotRecord
from maskwatch.store.reviews import ReviewCounts
from maskwatch.types import Fault, State
from maskwatch.web.actions.episodes import may_be_seen, must_fit, snapshot_of
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


@dataclass(frozen=True, slots=True)
class NextFace:
    """What a person gets next, and how far the work is."""

    item: ReviewItem | None
    """None when nothing waits."""
    counts: ReviewCounts
    snapshot: SnapshotRecord | None
    """None when its photo is gone, or the policy allows no pictures."""
    photo_may_be_seen: bool
    """Otherwise there is none, or its faces are still being hidden."""


def queue(web: WebContext, principal: Principal, limit: int = 50) -> Queue:
    """Faces without a label: first what a person called wrong, then the oldest."""
    principal.must_allow(Scope.REVIEW)
    return Queue(web.store.reviews.waiting(limit), web.store.reviews.counts())


def next_face(web: WebContext, principal: Principal) -> NextFace:
    """What a person gets next: no face that lies before somebody else, while there are others."""
    waits = queue(web, principal)
    chosen = web.offers.choose(principal.user.id, [each.id for each in waits.items], web.now())
    item = next((each for each in waits.items if each.id == chosen), None)
    snapshot = None if item is None else snapshot_of(web, item.snapshot_id)
    return NextFace(item, waits.counts, snapshot, may_be_seen(web, snapshot))


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
    """Gives a face that waits its label.

    Raises:
        UsageError: the fault does not go with the state, or the label is ``unknown``.
        RecordNotFound: there is no such item.
        RecordChanged: it does not wait (any more).
    """
    principal.must_allow(Scope.REVIEW)
    must_fit(state, fault)
    if state is State.UNKNOWN:
        raise UsageError("unknown is not a label: skip the face instead")
    with web.store.transaction():
        seen = web.store.reviews.get(item_id)
        if not web.store.reviews.label(item_id, state, fault, by=principal.actor, at=web.now()):
            raise _was_judged(seen)
        said = {"state": state.value, "fault": fault.value if fault else None}
        web.store.audit.append(principal.actor, "review.labelled", *_noted(seen, **said))
    return web.store.reviews.get(item_id)


def skip(web: WebContext, principal: Principal, item_id: str) -> ReviewItem:
    """Takes a face out of the queue that nobody can judge.

    Raises:
        RecordNotFound: there is no such item.
        RecordChanged: it does not wait (any more).
    """
    principal.must_allow(Scope.REVIEW)
    with web.store.transaction():
        seen = web.store.reviews.get(item_id)
        if not web.store.reviews.skip(item_id, by=principal.actor):
            raise _was_judged(seen)
        web.store.audit.append(principal.actor, "review.skipped", *_noted(seen))
    return web.store.reviews.get(item_id)


def undo(
    web: WebContext, principal: Principal, item_id: str, *, of_anybody: bool = False
) -> ReviewItem:
    """Puts a face back into the queue that was labelled or skipped.

    Args:
        web: the application.
        principal: who asks.
        item_id: which face.
        of_anybody: whether it may be somebody else's label, to correct it on purpose.

    Raises:
        RecordNotFound: there is no such item.
        RecordChanged: it waits, or is somebody else's.
    """
    principal.must_allow(Scope.REVIEW)
    with web.store.transaction():
        seen = web.store.reviews.get(item_id)
        if not web.store.reviews.reopen(item_id, by=None if of_anybody else principal.actor):
            raise _is_not_own(seen)
        by = {"labelled_by": seen.labelled_by}
        web.store.audit.append(principal.actor, "review.undone", *_noted(seen, **by))
    return web.store.reviews.get(item_id)


def export(web: WebContext, principal: Principal) -> Export:
    """All labelled faces as a data set; the audit log notes who took it.

    Raises:
        AccessDenied: the policy allows no pictures.
    """
    principal.must_allow(Scope.REVIEW_EXPORT)
    web.must_allow_images()
    labelled = [Labelled(item, photo) for item, photo in web.store.reviews.labelled()]
    made = export_review(labelled, partial(_is_there, web), partial(_read, web))
    detail = {"faces": made.faces, "left_out": made.left_out}
    web.store.audit.append(principal.actor, "review.exported", "", detail)
    return made


def _is_there(web: WebContext, snapshot: SnapshotRecord) -> bool:
    photos = web.store.snapshots
    try:
        return photos.may_be_seen(snapshot) and (photos.folder / snapshot.file).is_file()
    except OSError:
        return False


def _read(web: WebContext, snapshot_id: str) -> bytes | None:
    try:
        return web.store.snapshots.read(snapshot_id)
    except (RecordNotFound, SnapshotDamaged, SnapshotRefused):
        return None


def _noted(item: ReviewItem, **said: str | None) -> tuple[str, Mapping[str, Any]]:
    """Subject and detail of an entry of the audit log.

    The subject is the episode, where there is one: who asks for it is told who looked, also
    when the face is no longer in the queue because its photo is gone.
    """
    return item.episode_id or item.id, {"item": item.id, **said}


def _was_judged(item: ReviewItem) -> RecordChanged:
    return RecordChanged(f"{item.labelled_by or 'somebody'} has judged this face already")


def _is_not_own(item: ReviewItem) -> RecordChanged:
    waits = item.labelled_at is None and not item.skipped
    why = "it waits" if waits else f"{item.labelled_by or 'somebody'} has judged it"
    return RecordChanged(f"this face has no label of yours to take back: {why}")
