"""The box: how it is doing, what it did, who did what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query

from maskwatch.store.records import DeliveryState
from maskwatch.web.actions import system
from maskwatch.web.api.access import Caller, Web
from maskwatch.web.api.problems import problems
from maskwatch.web.api.queries import After, Limit, OneCamera
from maskwatch.web.api.views.base import Id
from maskwatch.web.api.views.messages import ChannelName, ChannelView, DeliveryPage, DeliveryView
from maskwatch.web.api.views.system import (
    AuditReportView,
    AuditView,
    DeletionPage,
    HealthPage,
    OutcomeView,
    SystemView,
)

router = APIRouter(tags=["system"])


@router.get("/system")
def state(web: Web, principal: Caller) -> SystemView:
    """How the box is doing."""
    return SystemView.of(system.system_state(web, principal))


@router.get("/system/models")
def models(web: Web, principal: Caller) -> Sequence[dict[str, Any]]:
    """The cards of the models that run; a detector of another program has none."""
    return [card.as_json() for card in system.model_cards(web, principal)]


@router.post("/system/reload")
def reload(web: Web, principal: Caller) -> OutcomeView:
    """Reads the configuration again; a wrong one is refused and the old one stays."""
    return OutcomeView.of(system.reload(web, principal))


@router.get("/health", responses=problems(422))
def health(
    web: Web,
    principal: Caller,
    camera: OneCamera = None,
    after: After = None,
    limit: Limit = 50,
) -> HealthPage:
    """Changes in the health of cameras and box, the newest first."""
    return HealthPage.of(system.health_log(web, principal, camera, after, limit))


@router.get("/deliveries", responses=problems(422))
def deliveries(
    web: Web,
    principal: Caller,
    state: Annotated[list[DeliveryState], Query()] = [],  # noqa: B006 - FastAPI copies defaults
    after: After = None,
    limit: Limit = 50,
) -> DeliveryPage:
    """Messages, the newest first."""
    return DeliveryPage.of(system.deliveries(web, principal, state, after, limit))


@router.post("/deliveries/{delivery_id}/retry", responses=problems(404, 422))
def retry(web: Web, principal: Caller, delivery_id: Id) -> DeliveryView:
    """Gives a message another chance that was given up."""
    return DeliveryView.of(system.retry_delivery(web, principal, delivery_id))


@router.get("/deliveries/{delivery_id}", responses=problems(404, 422))
def delivery(web: Web, principal: Caller, delivery_id: Id) -> DeliveryView:
    """One message, and what has become of it."""
    return DeliveryView.of(system.see_delivery(web, principal, delivery_id))


@router.get("/channels")
def channels(web: Web, principal: Caller) -> Sequence[ChannelView]:
    """What messages go out through."""
    return ChannelView.all(system.channels(web, principal))


@router.post("/channels/{channel}/test", status_code=202, responses=problems(404, 422))
def test_channel(web: Web, principal: Caller, channel: ChannelName) -> Sequence[DeliveryView]:
    """Sends a test message to everybody whom a channel reaches.

    Ask `/deliveries/{delivery_id}` what became of each.
    """
    return DeliveryView.all(system.test_channel(web, principal, channel))


@router.get("/audit", responses=problems(422))
def audit(
    web: Web,
    principal: Caller,
    before: Annotated[int | None, Query(ge=0, lt=1 << 53)] = None,
    limit: Limit = 50,
) -> Sequence[AuditView]:
    """Who did and looked at what, the newest first."""
    return AuditView.all(system.audit_log(web, principal, before, limit))


@router.get("/audit/verification")
def verify(web: Web, principal: Caller) -> AuditReportView:
    """Whether the audit log is as it was written."""
    report = system.verify_audit(web, principal)
    return AuditReportView(
        sound=report.broken_at is None,
        entries=report.head.seq,
        broken_at=report.broken_at,
        reason=report.reason,
    )


@router.get("/deletions", responses=problems(422))
def deletions(web: Web, principal: Caller, after: After = None, limit: Limit = 50) -> DeletionPage:
    """Proof of what was deleted, the newest first."""
    return DeletionPage.of(system.deletion_log(web, principal, after, limit))
