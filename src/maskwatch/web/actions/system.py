"""How the box is doing, what it has done, and who did what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from maskwatch.errors import RecordNotFound
from maskwatch.models.card import ModelCard
from maskwatch.runtime.monitoring.control import (
    CameraStatus,
    ChannelFacts,
    InferenceStatus,
    ReloadOutcome,
    ServiceStatus,
)
from maskwatch.store.audit import AuditReport
from maskwatch.store.records import (
    AuditEntry,
    DeletionRecord,
    Delivery,
    DeliveryState,
    HealthRecord,
    Page,
)
from maskwatch.web.actions.recipients import delivery_for
from maskwatch.web.context import WebContext
from maskwatch.web.documented import AS_DOCUMENTED
from maskwatch.web.identity import Principal
from maskwatch.web.security.scopes import Scope

_REFUSED = "refused"
"""All that others are told of a change of the configuration."""


@dataclass(frozen=True, slots=True)
class DiskUse:
    """The disk that the photos are on."""

    __pydantic_config__ = AS_DOCUMENTED

    total_bytes: int
    free_bytes: int
    photos: int
    photo_bytes: int


@dataclass(frozen=True, slots=True)
class SystemState:
    """Everything of the System page that changes by the second."""

    service: ServiceStatus
    inference: InferenceStatus
    cameras: Sequence[CameraStatus]
    disk: DiskUse
    deliveries: dict[DeliveryState, int]


def system_state(web: WebContext, principal: Principal) -> SystemState:
    """How the box is doing; what is wrong with the configuration, for those who may change it."""
    principal.must_allow(Scope.SYSTEM_READ)
    service = web.control.status()
    if service.config_error and not principal.allows(Scope.SYSTEM_WRITE):
        service = replace(service, config_error=_REFUSED)
    return SystemState(
        service,
        web.control.inference_state(),
        web.control.camera_states(),
        disk_use(web),
        web.store.deliveries.counts(),
    )


def disk_use(web: WebContext) -> DiskUse:
    """How much room photos take, and how much is left."""
    usage = web.store.snapshots.usage().values()
    count, size = sum(each[0] for each in usage), sum(each[1] for each in usage)
    return DiskUse(web.store.room.total_bytes(), web.store.room.free_bytes(), count, size)


def health_log(
    web: WebContext,
    principal: Principal,
    camera: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[HealthRecord]:
    """Changes in the health of cameras and box, the newest first."""
    principal.must_allow(Scope.SYSTEM_READ)
    return web.store.health.page(camera, limit=limit, after=after)


def deliveries(
    web: WebContext,
    principal: Principal,
    states: Sequence[DeliveryState] = (),
    after: str | None = None,
    limit: int = 50,
) -> Page[Delivery]:
    """Messages, the newest first."""
    principal.must_allow(Scope.SYSTEM_READ)
    page = web.store.deliveries.page(states, limit=limit, after=after)
    return Page(tuple(delivery_for(principal, each) for each in page.items), page.next)


def retry_delivery(web: WebContext, principal: Principal, delivery_id: str) -> Delivery:
    """Gives a message another chance that was given up.

    Raises:
        RecordNotFound: there is none of that id, or no longer a channel for it.
    """
    principal.must_allow(Scope.SYSTEM_WRITE)
    # Without its channel it would wait for ever.
    _must_be_channel(web, web.store.deliveries.get(delivery_id).channel)
    with web.store.transaction():
        if web.store.deliveries.requeue(delivery_id, web.now()):
            web.store.audit.append(principal.actor, "delivery.retried", delivery_id)
    return web.store.deliveries.get(delivery_id)


def see_delivery(web: WebContext, principal: Principal, delivery_id: str) -> Delivery:
    """One message, and what has become of it.

    Raises:
        RecordNotFound: there is none of that id.
    """
    principal.must_allow(Scope.SYSTEM_READ)
    return delivery_for(principal, web.store.deliveries.get(delivery_id))


def channels(web: WebContext, principal: Principal) -> Sequence[ChannelFacts]:
    """What messages go out through."""
    principal.must_allow(Scope.SYSTEM_READ)
    return web.control.channels()


def test_channel(web: WebContext, principal: Principal, channel: str) -> Sequence[Delivery]:
    """Queues a test message to everybody whom a channel reaches.

    Raises:
        RecordNotFound: there is no channel of that name.
    """
    principal.must_allow(Scope.SYSTEM_WRITE)
    _must_be_channel(web, channel)
    queued = web.control.test_channel(channel)
    web.store.audit.append(principal.actor, "channel.tested", channel)
    return queued


def _must_be_channel(web: WebContext, name: str) -> None:
    if name not in [each.name for each in web.control.channels()]:
        raise RecordNotFound(f"no channel is called {name!r}")


def audit_log(
    web: WebContext, principal: Principal, before: int | None = None, limit: int = 50
) -> Sequence[AuditEntry]:
    """Who did and looked at what, the newest first."""
    principal.must_allow(Scope.AUDIT_READ)
    return web.store.audit.page(before=before, limit=limit)


def verify_audit(web: WebContext, principal: Principal) -> AuditReport:
    """Checks that nothing in the audit log was changed. Reads all of it."""
    principal.must_allow(Scope.AUDIT_READ)
    return web.store.audit.verify()


def deletion_log(
    web: WebContext, principal: Principal, after: str | None = None, limit: int = 50
) -> Page[DeletionRecord]:
    """Proof of what was deleted, the newest first."""
    principal.must_allow(Scope.AUDIT_READ)
    return web.store.deletions.page(limit=limit, after=after)


def reload(web: WebContext, principal: Principal) -> ReloadOutcome:
    """Reads the configuration again. Blocks."""
    principal.must_allow(Scope.SYSTEM_WRITE)
    outcome = web.control.reload()
    # What stands in the file of a configuration must not be kept for good.
    detail = {"accepted": outcome.accepted, "problems": len(outcome.problems)}
    web.store.audit.append(principal.actor, "config.reloaded", "", detail)
    return outcome


def model_cards(web: WebContext, principal: Principal) -> Sequence[ModelCard]:
    """The cards of the models that run."""
    principal.must_allow(Scope.SYSTEM_READ)
    return web.control.model_cards()
