"""Whom messages went to: that is said to those alone who look after the channels."""

from __future__ import annotations

from dataclasses import replace

from maskwatch.config.alerts import MAIL_ADDRESS
from maskwatch.frames.urls import HIDDEN
from maskwatch.store.records import LINK_HOLDER, Delivery, EpisodeRecord
from maskwatch.web.identity import Principal
from maskwatch.web.security.scopes import Scope


def holder_of_link(recipient: str | None) -> str:
    """What somebody is called (see `AuditEntry.actor`) who follows the link of a message."""
    return f"{LINK_HOLDER}{recipient or 'unknown'}"


def delivery_for(principal: Principal, delivery: Delivery) -> Delivery:
    """A message as somebody may see it."""
    if delivery.recipient is None or _may_know(principal):
        return delivery
    error = delivery.last_error
    if error is not None:
        # Servers repeat an address in a way of their own: in small letters, the domain as xn--...
        error = MAIL_ADDRESS.sub(HIDDEN, error.replace(delivery.recipient, HIDDEN))
    return replace(delivery, recipient=HIDDEN, last_error=error)


def episode_for(principal: Principal, episode: EpisodeRecord) -> EpisodeRecord:
    """An episode as somebody may see it."""
    if _may_know(principal):
        return episode
    return replace(
        episode,
        acknowledged_by=_without_recipient(episode.acknowledged_by),
        corrected_by=_without_recipient(episode.corrected_by),
    )


def _may_know(principal: Principal) -> bool:
    return principal.allows(Scope.SYSTEM_WRITE)


def _without_recipient(actor: str | None) -> str | None:
    return LINK_HOLDER + HIDDEN if actor is not None and actor.startswith(LINK_HOLDER) else actor
