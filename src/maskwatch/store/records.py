"""What the store takes in and gives out: frozen values, never rows of a database.

Times are aware datetimes in UTC. An ``id`` is what `maskwatch.store.ids.new_id` makes; whoever
makes a record gives it one, so that writing it twice is noticed. Secrets are stored as hashes only
(passwords, sessions, tokens), except a dashboard camera's address, which is needed in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from maskwatch.store.ids import new_id
from maskwatch.types import Box, Fault, State

RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class Page(Generic[RecordT]):
    """Some records of a longer list."""

    items: tuple[RecordT, ...]
    next: str | None
    """Give it as ``after`` to get the page that follows; None on the last page."""


LINK_HOLDER = "link:"
"""How somebody's name begins who followed the link of a message; its recipient comes after it."""


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """One violation of one person, as the store keeps it."""

    id: str
    camera: str
    """Name of the camera in the configuration or the dashboard."""
    zone: str | None
    track: int
    state: State
    fault: Fault | None
    coverage: float | None
    """Percent, 0 to 100."""
    started_at: datetime
    ended_at: datetime | None = None
    """None while it lasts."""
    snapshot_id: str | None = None
    """The best photo; None when none may be kept, or when retention deleted it."""
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    corrected_state: State | None = None
    """What a person says it really was; None while nobody objected."""
    corrected_fault: Fault | None = None
    corrected_by: str | None = None
    corrected_at: datetime | None = None
    model_version: str = ""


@dataclass(frozen=True, slots=True)
class EpisodeFilter:
    """Which episodes are wanted; a field left at its default excludes none."""

    cameras: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    faults: tuple[Fault, ...] = ()
    since: datetime | None = None
    """Started at or after."""
    until: datetime | None = None
    """Started before."""
    open_at: datetime | None = None
    """Started before, and not over by then."""
    ongoing: bool | None = None
    acknowledged: bool | None = None
    corrected: bool | None = None
    text: str = ""
    """Found anywhere in id, camera, zone, fault, state or a person's name; case is ignored. Not in
    the address of a `LINK_HOLDER`: not everybody who may search may know it."""


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """One reading of the track of an episode, thinned out by whoever records it."""

    at: datetime
    state: State
    fault: Fault | None = None
    coverage: float | None = None
    quality: float = 1.0


class DeliveryKind(StrEnum):
    """What a delivery is about."""

    VIOLATION = "violation"
    DIGEST = "digest"
    CAMERA_HEALTH = "camera_health"
    TEST = "test"


class DeliveryState(StrEnum):
    """``pending -> claimed -> sent``, or back to ``pending`` for another try, or ``dead``."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    DEAD = "dead"
    """Given up: a permanent failure, or too many tries."""
    CANCELLED = "cancelled"
    """No longer wanted, such as an escalation after somebody acknowledged."""

    @property
    def is_settled(self) -> bool:
        """Whether nothing more becomes of it by itself."""
        return self not in (DeliveryState.PENDING, DeliveryState.CLAIMED)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one channel: the queue and its history."""

    id: str
    """The duplicate guard that a channel passes on to its receiver."""
    episode_id: str | None
    kind: DeliveryKind
    channel: str
    """As named in the configuration."""
    recipient: str | None = None
    """Of those that the channel has; None for all of them."""
    stage: int = 0
    """Step of the escalation ladder, from 0."""
    camera: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    """JSON: what the message needs beyond the episode, such as the reason of a camera's trouble."""
    created_at: datetime | None = None
    """Set by the store when it is None."""
    not_before: datetime | None = None
    """None for at once."""
    claimed_at: datetime | None = None
    attempts: int = 0
    """How often it was claimed. An outcome is accepted only from the latest claim."""
    state: DeliveryState = DeliveryState.PENDING
    last_error: str | None = None
    permanent: bool = False
    """Whether the last failure was one that no retry can heal."""
    sent_at: datetime | None = None
    message_id: str | None = None
    """Of the message that it is sent in with others; None for a message of its own."""


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One person followed by one camera: the basis of the compliance rate."""

    id: str
    camera: str
    zone: str | None
    track: int
    state: State
    """The worst that held (see ``events.people.person_state``)."""
    fault: Fault | None
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class PeopleCount:
    """How many different people had which state; None stands for a count hidden as too small.

    In a sum of several counts None stands for one of which all that is not 0 is hidden. What is
    known of any other is a lower bound as soon as ``hidden`` is above 0.
    """

    mask: int | None = 0
    incorrect: int | None = 0
    no_mask: int | None = 0
    unknown: int | None = 0
    nose_out: int | None = 0
    under_chin: int | None = 0
    chin_out: int | None = 0
    other: int | None = 0
    hidden: int = 0
    """How many of the counts added up here were hidden, whichever they were."""


@dataclass(frozen=True, slots=True)
class PeopleBucket:
    """People counted over some minutes, without a row for any of them (statistics-only mode)."""

    camera: str
    zone: str | None
    start_at: datetime
    span_s: int
    counts: PeopleCount


class CountBy(StrEnum):
    """What people are grouped by."""

    TOTAL = "total"
    HOUR = "hour"
    """Each hour of the period, by its local start."""
    DAY = "day"
    WEEK = "week"
    """From Monday to Sunday, by its Monday."""
    MONTH = "month"
    HOUR_OF_DAY = "hour_of_day"
    CAMERA = "camera"
    ZONE = "zone"


@dataclass(frozen=True, slots=True)
class PeopleGroup:
    """The people of one group."""

    key: str
    """Local start such as ``2026-03-01T14:00+01:00``, ``2026-03-01`` or ``2026-03``, ``14``, or a
    name."""
    counts: PeopleCount


@dataclass(frozen=True, slots=True)
class MinuteReadings:
    """How many readings of one camera and zone had which state within one minute."""

    camera: str
    zone: str | None
    minute: datetime
    """Its start; seconds are zero."""
    frames: int = 0
    """Frames that were looked at."""
    mask: int = 0
    incorrect: int = 0
    no_mask: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class CameraReadings:
    """How many readings of one camera, whatever the zone, had which state within a period."""

    camera: str
    frames: int
    """Frames that were looked at."""
    mask: int
    incorrect: int
    no_mask: int
    unknown: int

    @property
    def faces(self) -> int:
        """Readings of any state; one face on ten frames counts ten times."""
        return self.mask + self.incorrect + self.no_mask + self.unknown

    @property
    def unknown_share(self) -> float | None:
        """Of all readings, in [0, 1]; None without any."""
        return self.unknown / self.faces if self.faces else None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Somebody did or looked at something. ``hash`` covers everything here and ``previous``."""

    seq: int
    """1, 2, 3, ... without a gap."""
    at: datetime
    actor: str
    """User name, ``token:USER/NAME``, ``link:RECIPIENT``, ``cli:LOGIN``, ``system`` or
    ``anonymous``; entries of older versions say of a token its name alone."""
    action: str
    """Such as ``episode.photo_viewed``."""
    subject: str
    """What it was done to, such as an id; empty when nothing in particular."""
    detail: Mapping[str, Any]
    previous: str
    """64 hexadecimal digits; zeros for the first entry."""
    hash: str


class Role(StrEnum):
    """What a user may do; each role may do what those before it may."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class UserRecord:
    """Somebody who may log in."""

    id: str
    name: str
    """Unique, whatever its case."""
    role: Role
    password_hash: str
    created_at: datetime
    disabled_at: datetime | None = None
    last_login_at: datetime | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A browser that is logged in."""

    token_hash: str
    """SHA-256 of the cookie's value, in hexadecimal digits."""
    user_id: str
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class ApiTokenRecord:
    """A token for programs."""

    id: str
    user_id: str
    name: str
    token_hash: str
    """SHA-256 of the token, in hexadecimal digits."""
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredCamera:
    """A camera added in the dashboard."""

    id: str
    name: str
    """Unique among these."""
    settings: Mapping[str, Any]
    """JSON of the camera's section, as in the YAML; may hold a password in its address."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class WalkRecord:
    """An acceptance walk: what a camera could do when somebody walked up to it."""

    id: str
    camera: str
    started_at: datetime
    ended_at: datetime
    walked_by: str
    """Who was at the controls, see `AuditEntry`."""
    report: Mapping[str, Any]
    """JSON of ``web.walks.report.WalkReport``: numbers, no pictures, nobody's name."""


class HealthKind(StrEnum):
    """What of a camera or of the box can be well or not."""

    CONNECTION = "connection"
    """Of a camera: `CONNECTED` or `LOST`."""
    FROZEN = "frozen"
    """The picture of a camera: `OK` or `FROZEN`."""
    INFERENCE = "inference"
    """The models, on the pictures of a camera: `OK` or `FAILED`."""
    LOAD = "load"
    """Of the box: `OK` or `OVERLOADED`."""
    STORE = "store"
    """Of the box: `OK` or `FAILED`."""
    DISK = "disk"
    """Of the box: `OK` or `FULL`."""


class HealthState(StrEnum):
    """How it is."""

    OK = "ok"
    CONNECTED = "connected"
    LOST = "lost"
    FROZEN = "frozen"
    FAILED = "failed"
    OVERLOADED = "overloaded"
    FULL = "full"


WELL = frozenset({HealthState.OK, HealthState.CONNECTED})
"""All other states are troubles."""


@dataclass(frozen=True, slots=True)
class HealthRecord:
    """A change in the health of a camera or of the box."""

    id: str
    at: datetime
    camera: str | None
    """None for the box itself."""
    kind: str
    """A `HealthKind`, as far as this version knows it; so is the state."""
    state: str
    """A `HealthState`."""
    reason: str = ""
    """For people, without passwords."""

    @classmethod
    def now(cls, camera: str | None, kind: str, state: str, reason: str = "") -> HealthRecord:
        """A change that has just happened."""
        return cls(new_id(), datetime.now(UTC), camera, kind, state, reason)


class SnapshotKind(StrEnum):
    """What a photo is kept for; retention may differ by it."""

    EPISODE = "episode"
    REVIEW = "review"
    """An uncertain face, for labelling."""


@dataclass(frozen=True, slots=True)
class SnapshotFace:
    """A face in a photo."""

    box: Box
    """Pixels of the photo as stored."""
    state: State
    fault: Fault | None = None
    coverage: float | None = None
    is_subject: bool = False
    """Whether this is the person that the photo is about."""
    blurred: bool = True
    """Whether it is hidden in the file."""


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """A photo on disk. The privacy policy was applied before it got there."""

    id: str
    kind: SnapshotKind
    camera: str
    episode_id: str | None
    taken_at: datetime
    file: str
    """Relative to the folder of snapshots, with forward slashes."""
    sha256: str
    size: int
    """Bytes."""
    width: int
    height: int
    faces: tuple[SnapshotFace, ...] = ()


class ReviewReason(StrEnum):
    """Why a face waits for a label."""

    WRONG = "wrong"
    """Somebody said that the judgement was wrong."""
    UNCERTAIN = "uncertain"
    """The model could not tell, or hardly."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One face in the queue for labelling."""

    id: str
    snapshot_id: str
    reason: ReviewReason
    created_at: datetime
    face: int = 0
    """Index into the snapshot's faces."""
    episode_id: str | None = None
    state: State | None = None
    """What the model said, or, for ``wrong``, what the person said."""
    fault: Fault | None = None
    label: State | None = None
    """The final word; None while it waits."""
    label_fault: Fault | None = None
    labelled_by: str | None = None
    """Who gave it its label, or skipped it; older versions did not note who skipped."""
    labelled_at: datetime | None = None
    skipped: bool = False
    """Somebody looked and could not tell either."""


class DeletionReason(StrEnum):
    """Why something was deleted."""

    AGE = "age"
    SIZE = "size"
    """There were more photos than may be kept."""
    DISK_FULL = "disk_full"
    MISSING = "missing"
    """Of a photo: its file was gone already."""
    POLICY = "policy"
    """The privacy policy does not allow it (any more)."""
    SUBJECT_REQUEST = "subject_request"
    """At the wish of the person concerned."""


@dataclass(frozen=True, slots=True)
class DeletionRecord:
    """Proof that something was deleted."""

    id: str
    at: datetime
    what: str
    """``snapshot``, ``episode``, ``people``, ``readings``, ..."""
    item: str
    """Id of the deleted thing, or what the count covers."""
    count: int
    sha256: str | None
    """Of the deleted file."""
    reason: str
    """A `DeletionReason`, as far as this version knows it."""
    actor: str
