"""The queue of faces that wait for a label."""

from __future__ import annotations

from dataclasses import dataclass

from maskwatch.errors import RecordNotFound, SnapshotDamaged, UsageError
from maskwatch.store.records import Page, ReviewItem, SnapshotRecord
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

_EXPORT_LIMIT = 10_000


def queue(
    web: WebContext, principal: Principal, after: str | None = None, limit: int = 50
) -> Page[ReviewItem]:
    """Faces without a label, the oldest first."""
    principal.must_allow(Scope.REVIEW)
    return web.store.reviews.waiting(after=after, limit=limit)


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
    web.store.audit.append(principal.actor, "review.photo_viewed", item_id, {})
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
        item = web.store.reviews.label(item_id, state, fault, principal.actor, web.now())
        detail = {"state": state.value, "fault": fault.value if fault else None}
        web.store.audit.append(principal.actor, "review.labelled", item_id, detail)
    return item


def skip(web: WebContext, principal: Principal, item_id: str) -> ReviewItem:
    """Takes a face out of the queue that nobody can judge."""
    principal.must_allow(Scope.REVIEW)
    with web.store.transaction():
        item = web.store.reviews.skip(item_id, principal.actor, web.now())
        web.store.audit.append(principal.actor, "review.skipped", item_id, {})
    return item


def export(web: WebContext, principal: Principal) -> Export:
    """All labelled faces as a data set; the audit log notes who took it.

    Raises:
        AccessDenied: the policy allows no pictures.
    """
    principal.must_allow(Scope.REVIEW_EXPORT)
    web.must_allow_images()
    labelled: list[Labelled] = []
    gone = 0
    for item in _labelled_items(web):
        try:
            labelled.append(Labelled(item, web.store.snapshots.get(item.snapshot_id)))
        except RecordNotFound:
            gone += 1
    made = export_review(labelled, lambda snapshot_id: _read(web, snapshot_id), gone)
    detail = {"faces": made.faces, "left_out": made.left_out}
    web.store.audit.append(principal.actor, "review.exported", "", detail)
    return made


def _labelled_items(web: WebContext) -> list[ReviewItem]:
    items: list[ReviewItem] = []
    after: str | None = None
    while len(items) < _EXPORT_LIMIT:
        page = web.store.reviews.labelled(after=after, limit=500)
        items.extend(page.items)
        if page.next is None:
            break
        after = page.next
    return items


def _read(web: WebContext, snapshot_id: str) -> bytes | None:
    try:
        return web.store.snapshots.read(snapshot_id)
    except (RecordNotFound, SnapshotDamaged):
        return None
