"""What the REST API takes in and gives out, as the OpenAPI document describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from maskwatch.advice import advice_for, words_for
from maskwatch.store.records import (
    ApiTokenRecord,
    DeliveryKind,
    DeliveryState,
    EpisodeRecord,
    ReviewReason,
    Role,
    UserRecord,
)
from maskwatch.types import Fault, State
from maskwatch.web.actions.users import NAME_PATTERN
from maskwatch.web.actions.walk_report import Phase, WalkReport
from maskwatch.web.identity import Principal
from maskwatch.web.security.scopes import Scope
from maskwatch.web.walking import WalkState
from maskwatch.words import Language


def _without_nul(value: object) -> object:
    # PostgreSQL cannot store it, and nobody means it.
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("must not contain the character NUL")
    return value


Text = Annotated[str, BeforeValidator(_without_nul)]
UserName = Annotated[Text, Field(pattern=NAME_PATTERN, examples=["anna"])]
Password = Annotated[Text, Field(max_length=1024, examples=["correct horse battery"])]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_-]+$")]


def _can_be_written(value: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain half a character (a lone surrogate)") from None
    return value


Settings = Annotated[dict[str, Any], AfterValidator(_can_be_written)]
"""Of a camera: they are checked as a whole, but for what could never be given out again."""


class View(BaseModel):
    """Made from the record of the same name."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)


class Body(BaseModel):
    """What a client sends: unknown keys are errors, so that no typing mistake goes unnoticed."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class EpisodeView(View):
    """One violation of one person."""

    model_config = ConfigDict(
        from_attributes=True,
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "0199f3a2c5d07b1e8f42a90d3c6b71e5",
                    "camera": "door",
                    "zone": None,
                    "track": 7,
                    "state": "incorrect",
                    "fault": "nose_out",
                    "words": "nose out",
                    "advice": "pull the mask up over your nose",
                    "coverage": 12.4,
                    "started_at": "2026-03-01T08:30:00Z",
                    "ended_at": "2026-03-01T08:30:41Z",
                    "has_photo": True,
                    "acknowledged_by": "anna",
                    "acknowledged_at": "2026-03-01T08:31:10Z",
                    "corrected_state": None,
                    "corrected_fault": None,
                    "corrected_by": None,
                    "model_version": "0.1.0",
                }
            ]
        },
    )

    id: str
    camera: str
    zone: str | None
    track: int
    state: State
    fault: Fault | None
    words: str
    """State or fault for people, such as `nose out`."""
    advice: str | None
    """What the wearer should do."""
    coverage: float | None
    """Percent, 0 to 100."""
    started_at: datetime
    ended_at: datetime | None
    """Null while it lasts."""
    has_photo: bool
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    corrected_state: State | None
    """What a person says it really was."""
    corrected_fault: Fault | None
    corrected_by: str | None
    model_version: str

    @classmethod
    def of(cls, record: EpisodeRecord) -> Self:
        """Of a record."""
        values = {
            name: getattr(record, name)
            for name in cls.model_fields
            if name not in ("words", "advice", "has_photo")
        }
        return cls(
            **values,
            words=words_for(record.state, record.fault),
            advice=advice_for(record.state, record.fault),
            has_photo=record.snapshot_id is not None,
        )


class EpisodePage(View):
    """Some episodes, the newest first."""

    items: Sequence[EpisodeView]
    next: str | None
    """Give it as `after` for the page that follows; null on the last one."""


class TimelineView(View):
    """One reading of the track of an episode."""

    at: datetime
    state: State
    fault: Fault | None
    coverage: float | None
    quality: float


class DeliveryView(View):
    """One message to one channel."""

    id: str
    episode_id: str | None
    kind: DeliveryKind
    channel: str
    recipient: str | None
    stage: int
    camera: str | None
    created_at: datetime | None
    not_before: datetime | None
    attempts: int
    state: DeliveryState
    last_error: str | None
    permanent: bool
    sent_at: datetime | None


class DeliveryPage(View):
    """Some messages, the newest first."""

    items: Sequence[DeliveryView]
    next: str | None


ChannelName = Annotated[
    Text, Field(min_length=1, max_length=64, pattern=r"^[\w][\w .-]*$", examples=["shift"])
]


class ChannelView(View):
    """A channel of the configuration."""

    model_config = ConfigDict(
        from_attributes=True,
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"name": "shift", "kind": "email", "recipients": 2}]},
    )

    name: str
    kind: str
    recipients: int
    """Whom it tells one by one; 1 for a channel without addresses."""


class EpisodeDetailView(View):
    """One episode with everything about it."""

    episode: EpisodeView
    timeline: Sequence[TimelineView]
    deliveries: Sequence[DeliveryView]


class Correction(Body):
    """What it really was."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [{"state": "mask"}, {"state": "incorrect", "fault": "other"}]
        },
    )

    state: State
    fault: Fault | None = None
    """Needed when the state is `incorrect`, and only then."""


class CameraView(View):
    """How one camera is doing."""

    camera: str
    address: str
    """Any password masked."""
    phase: str
    since: datetime
    reason: str
    attempt: int
    width: int
    height: int
    fps: float
    offered_fps: float
    frames: int
    dropped: int
    damaged: float = 0.0
    """Share of the pictures of the last minute that were left out as damaged, in [0, 1]."""
    latency_s: float | None
    last_frame_at: datetime | None
    people: int
    required: bool
    from_dashboard: bool
    enabled: bool
    """False when its settings switch it off, so that it cannot be started by hand."""


class CameraDetailView(View):
    """A camera and its settings."""

    status: CameraView
    settings: Mapping[str, Any]
    """As in the configuration file's section `cameras`, any password masked. They can be changed
    here where `status.from_dashboard` is true."""
    changed_at: datetime | None
    """When they were saved in the dashboard; null for those of the file."""


CameraName = Annotated[
    Text, Field(min_length=1, max_length=64, pattern=r"^[\w][\w .-]*$", examples=["door"])
]


class NewCamera(Body):
    """A camera to add."""

    name: CameraName
    settings: Settings
    """The same keys as in the configuration file."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [{"name": "door", "settings": {"url": "rtsp://192.168.20.5/stream1"}}]
        },
    )


class CameraSettings(Body):
    """All settings of a camera."""

    settings: Settings
    changed_at: AwareDatetime | None = None
    """As it was read with the settings that these were made from; left out, these replace any."""


class CameraAddress(Body):
    """Where a camera might be."""

    url: Annotated[Text, Field(max_length=2000, examples=["rtsp://192.168.20.5/stream1"])]


class PictureSize(View):
    """A picture of a camera that must not be shown."""

    width: int
    """In pixels."""
    height: int


class NewPart(Body):
    """A part of a walk that begins."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"phase": "bare"}]})

    phase: Phase


class NewMark(Body):
    """A mark on the floor that the person walking passes."""

    distance_m: Annotated[float, Field(gt=0, lt=1000, allow_inf_nan=False, examples=[3])]
    """From the camera, in metres."""


class RunningWalkView(View):
    """A walk that goes on."""

    model_config = ConfigDict(
        from_attributes=True,
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "walk": {
                        "camera": "door",
                        "walked_by": "anna",
                        "begun_at": "2026-03-01T08:30:00Z",
                        "parts": [
                            {
                                "phase": "bare",
                                "started_at": "2026-03-01T08:30:05Z",
                                "ended_at": None,
                                "marks_m": [5, 4],
                                "sightings": 31,
                            }
                        ],
                    },
                    "alarms": 1,
                }
            ]
        },
    )

    walk: WalkState
    alarms: int
    """Episodes since the part that goes on began."""


class WalkView(View):
    """An acceptance walk."""

    id: str
    camera: str
    started_at: datetime
    ended_at: datetime
    walked_by: str
    report: WalkReport


class WalkPage(View):
    """Some walks, the newest first."""

    items: Sequence[WalkView]
    next: str | None


class PersonView(View):
    """Somebody whom a camera sees at the moment."""

    track: int
    state: State
    fault: Fault | None
    coverage: float | None
    zone: str | None
    since: datetime
    episode_id: str | None
    exempt: bool
    face_px: float | None
    """Shorter side of the face in pixels of the camera's picture."""


class LiveViewView(View):
    """What a camera sees now."""

    camera: str
    sequence: int
    at: datetime
    people: Sequence[PersonView]


class OutcomeView(View):
    """What became of reading the configuration again."""

    accepted: bool
    changes: Sequence[str]
    problems: Sequence[str]


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


class HealthView(View):
    """A change in the health of a camera or of the box."""

    id: str
    at: datetime
    camera: str | None
    kind: str
    state: str
    reason: str


class HealthPage(View):
    """Some changes, the newest first."""

    items: Sequence[HealthView]
    next: str | None


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


class DeletionPage(View):
    """Some of them, the newest first."""

    items: Sequence[DeletionView]
    next: str | None


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


class DiskView(View):
    """The disk that the photos are on."""

    total_bytes: int
    free_bytes: int
    photos: int
    photo_bytes: int


class SystemView(View):
    """How the box is doing."""

    service: ServiceView
    inference: InferenceView
    cameras: Sequence[CameraView]
    disk: DiskView
    deliveries: Mapping[DeliveryState, int]


class UserView(View):
    """Somebody who may log in."""

    id: str
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None
    last_login_at: datetime | None
    language: str

    @classmethod
    def of(cls, record: UserRecord) -> Self:
        """Of a record, without the password's hash."""
        return cls.model_validate(record)


class NewUser(Body):
    """A user to add."""

    name: UserName
    password: Password
    role: Role = Role.VIEWER


class UserChanges(Body):
    """What to change; what is left out stays."""

    role: Role | None = None
    disabled: bool | None = None
    password: Password | None = None


class MeView(View):
    """Who is asking."""

    name: str
    role: Role
    language: str
    scopes: Sequence[Scope]
    csrf: str | None
    """For the header `X-CSRF-Token`; null for a token, which needs none."""

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """Of whoever asks."""
        user = principal.user
        return cls(
            name=user.name,
            role=user.role,
            language=user.language,
            scopes=sorted(principal.scopes),
            csrf=principal.csrf,
        )


class MyChanges(Body):
    """What to change of oneself."""

    language: Language | None = None
    current_password: Password | None = None
    new_password: Password | None = None


class Credentials(Body):
    """To log in."""

    name: Annotated[Text, Field(max_length=64, examples=["anna"])]
    password: Password


class FirstUser(Body):
    """The first administrator."""

    secret: Annotated[Text, Field(max_length=200)]
    """From the set-up link."""
    name: UserName
    password: Password


class NewApiToken(Body):
    """A token to make."""

    name: Annotated[Text, Field(min_length=1, max_length=64, examples=["home assistant"])]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    expires_at: AwareDatetime | None = None


class ApiTokenView(View):
    """A token, without its secret."""

    id: str
    name: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, record: ApiTokenRecord) -> Self:
        """Of a record."""
        return cls.model_validate(record)


class NewApiTokenView(View):
    """A token that has just been made."""

    token: str
    """Shown this once."""
    record: ApiTokenView
