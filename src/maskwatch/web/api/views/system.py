"""How the service is doing and what it noted, as the REST API gives it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from maskwatch.store.records import DeliveryState
from maskwatch.web.actions.system import DiskUse
from maskwatch.web.api.views.base import PageView, View
from maskwatch.web.api.views.cameras import CameraView


class OutcomeView(View):
    """What became of reading the configuration again."""

    accepted: bool
    changes: Sequence[str]
    problems: Sequence[str]


class HealthView(View):
    """A change in the health of a camera or of the box."""

    id: str
    at: datetime
    camera: str | None
    kind: str
    state: str
    reason: str


class HealthPage(PageView[HealthView]):
    """Some changes, the newest first."""


class AuditView(View):
    """Somebody did or looked at something."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    previous: str
    hash: str


class AuditReportView(View):
    """Whether the audit log is as it was written."""

    sound: bool
    entries: int
    """That are sound."""
    broken_at: int | None
    reason: str


class DeletionView(View):
    """Proof that something was deleted."""

    id: str
    at: datetime
    what: str
    item: str
    count: int
    sha256: str | None
    reason: str
    actor: str


class DeletionPage(PageView[DeletionView]):
    """Some of them, the newest first."""


class ServiceView(View):
    """The service as a whole."""

    started_at: datetime
    ready: bool
    version: str
    config_loaded_at: datetime
    config_error: str
    store_error: str
    unwritten: int


class InferenceView(View):
    """How the models keep up."""

    fps: float
    offered_fps: float
    dropped: int
    queue: int
    busy: float
    overloaded: bool
    model: str
    device: str


class SystemView(View):
    """How the box is doing."""

    service: ServiceView
    inference: InferenceView
    cameras: Sequence[CameraView]
    disk: DiskUse
    deliveries: Mapping[DeliveryState, int]
