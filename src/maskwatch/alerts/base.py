"""What a channel is given, and what a channel is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from maskwatch.store.records import DeliveryKind
from maskwatch.types import Fault, State
from maskwatch.words import Language


@dataclass(frozen=True, slots=True)
class EpisodeLinks:
    """Where the reader of a message can go; all are signed, personal and expire."""

    view: str
    acknowledge: str
    wrong: str


@dataclass(frozen=True, slots=True)
class EpisodeFacts:
    """One episode in words."""

    id: str
    camera: str
    zone: str | None
    state: State
    fault: Fault | None
    what: str
    """Such as "nose out" or "no mask", in the language of the message."""
    advice: str | None
    """Such as "pull the mask up over your nose"."""
    coverage: float | None
    """Percent, 0 to 100."""
    started_at: datetime
    """Aware, in the configured time zone; so are all times here."""
    ended_at: datetime | None
    """None while it lasts."""
    links: EpisodeLinks | None
    """None when the address of the dashboard is not configured."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One message, ready to be sent."""

    id: str
    """The duplicate guard: the same for every attempt, different for every message."""
    kind: DeliveryKind
    recipient: str | None
    stage: int
    """Step of the escalation ladder, from 0."""
    created_at: datetime
    """When the message was decided upon, in the configured time zone."""
    attempted_at: datetime
    """When this attempt to send it is made, in the configured time zone."""
    title: str
    """One line, such as "Door 1: nose out"."""
    text: str
    """Some sentences without markup."""
    camera: str | None
    """The only camera that it is about; None for several or none."""
    site: str = ""
    """Name of the building or department; empty when it has none."""
    episodes: tuple[EpisodeFacts, ...] = ()
    """One for a violation, oldest first in a digest, none for other kinds."""
    omitted: int = 0
    """Episodes of a digest that there was no room for."""
    notes: tuple[str, ...] = ()
    """What happened to cameras, one sentence each."""
    language: str = Language.ENGLISH
    """Of all words above, and of those that a channel adds."""
    photo: bytes | None = None
    """JPEG; the privacy policy was applied before it was stored."""


class AlertChannel(Protocol):
    """One way to reach somebody. Called from one thread at a time."""

    def send(self, alert: Alert) -> None:
        """Hands the message over; returns when the receiving side has taken it.

        Sending the same alert (by its id) twice must be harmless where the receiver can tell.

        Raises:
            ChannelError: it was not taken; says whether a retry can help.
        """

    def close(self) -> None:
        """Lets go of connections. Not called while ``send`` runs."""


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """How one camera is doing right now."""

    camera: str
    online: bool
    """Pictures come and are looked at."""
    violation: bool
    """Somebody is in violation at this moment."""
    people: int
    """Whom it sees at this moment."""
    switched_on: bool = True
    """Whether it is meant to be watched."""


@runtime_checkable
class StateChannel(AlertChannel, Protocol):
    """A channel that shows how the cameras are doing, beside sending messages."""

    def show(self, cameras: Sequence[CameraFacts]) -> None:
        """Takes note of all cameras that there are; may be called often, and never blocks."""


@runtime_checkable
class TriableChannel(AlertChannel, Protocol):
    """A channel that can be tried without sending anything."""

    def try_out(self) -> str:
        """What is found where it sends to, such as "mail.example.org:587 lets us in".

        Raises:
            ChannelError: a message would not get out, and why.
        """
