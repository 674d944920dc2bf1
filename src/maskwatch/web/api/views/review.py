"""Faces that people label, as the REST API gives them out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from maskwatch.store.records import ReviewReason
from maskwatch.types import Fault, State
from maskwatch.web.api.views.base import View


class ReviewItemView(View):
    """One face that waits for a label or has one."""

    id: str
    snapshot_id: str
    face: int
    reason: ReviewReason
    created_at: datetime
    episode_id: str | None
    state: State | None
    fault: Fault | None
    label: State | None
    label_fault: Fault | None
    labelled_by: str | None
    labelled_at: datetime | None
    skipped: bool


class ReviewCountsView(View):
    """How far the work is."""

    waiting: int
    labelled: int
    skipped: int


class QueueView(View):
    """What comes next."""

    items: Sequence[ReviewItemView]
    counts: ReviewCountsView
