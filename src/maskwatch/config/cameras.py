"""The section ``cameras``: where the pictures come from, and what is required where and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from maskwatch.config.base import (
    LocalMoment,
    LocalTime,
    Name,
    Percent,
    Polygon,
    Seconds,
    Section,
    without_offset,
)
from maskwatch.config.problems import key_text, problems_of
from maskwatch.config.secrets import Resolved
from maskwatch.errors import ConfigError, ConfigProblem
from maskwatch.events.schedule import Hours
from maskwatch.frames.orientation import Turn
from maskwatch.frames.urls import HIDDEN, STREAM_SCHEMES, mask_password, reason_to_refuse, scheme_of
from maskwatch.tracks.tracker import TrackerSettings

FaceSize = Annotated[float, Field(ge=0, le=10_000)]
_FLOOR_SCORE = TrackerSettings().floor_score
"""The detector, which all cameras share, tells of no weaker faces."""


class Weekday(StrEnum):
    """Days as the configuration calls them, Monday first."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


class HoursConfig(Section):
    """A part of certain days, in the configured time zone."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = tuple(Weekday)
    """Weekdays on which it begins."""
    start: LocalTime = time(0, 0)
    """Such as `07:00`."""
    end: LocalTime = time(0, 0)
    """Not included. At or before `start` it is on the day after, so 00:00 to 00:00 is all day."""

    @property
    def meant(self) -> Hours:
        """The same for whoever goes by it."""
        days = frozenset(list(Weekday).index(day) for day in self.days)
        return Hours(days, self.start, self.end)


class ScheduleConfig(Section):
    """When masks are required."""

    hours: tuple[HoursConfig, ...] = ()
    """Required hours; none at all means always."""
    holidays: tuple[date, ...] = ()
    """Days such as `2026-12-25` that do not follow their weekday."""
    holiday_hours: tuple[HoursConfig, ...] = ()
    """Required hours on holidays (their `days` do not count); none at all means not required."""


class ZoneUse(StrEnum):
    """What a zone is for."""

    INCLUDE = "include"
    """People in it are judged. With at least one such zone, nobody else is."""
    EXCLUDE = "exclude"
    """People in it are left out: mirrors, posters, the street behind the window."""


class ZoneConfig(Section):
    """A part of the picture, by the middle of a face."""

    name: Name
    use: ZoneUse = ZoneUse.INCLUDE
    """`include` or `exclude`."""
    polygon: Polygon
    """Corners as `[x, y]`, from 0 to 1, from the top left of the picture."""
    schedule: ScheduleConfig | None = None
    """Of this zone alone; without one that of the camera counts."""
    coverage_below: Percent | None = None
    """Of this zone alone; without it that of the camera counts."""


class ExemptionConfig(Section):
    """Somewhere or some time at which nobody has to wear a mask: people count, nobody alerts."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]
    """Shown with the people concerned, such as `canteen open`."""
    zones: tuple[Name, ...] = ()
    """Include zones that it covers; none means the whole camera."""
    hours: tuple[HoursConfig, ...] = ()
    """When, within the dates; none means all day."""
    since: LocalMoment | date | None = None
    """First day or moment; none means that it has always held."""
    until: LocalMoment | date | None = None
    """Last day (included) or moment; none means for good."""

    @field_validator("since", "until", mode="before")
    @classmethod
    def _day_is_no_midnight(cls, value: object) -> object:
        # Given "2026-12-24" as text, pydantic would rather have the moment at which it begins.
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else value

    @field_validator("since", "until")
    @classmethod
    def _is_local(cls, value: datetime | date | None) -> datetime | date | None:
        return without_offset(value) if isinstance(value, datetime) else value

    @field_validator("until")
    @classmethod
    def _has_a_day_after(cls, value: datetime | date | None) -> datetime | date | None:
        if value == date.max:
            raise ValueError("must be before 9999-12-31; left out, it means for good")
        return value

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.ends <= self.begins:
            raise ValueError("until must be after since")
        return self

    @property
    def begins(self) -> datetime:
        """The first moment of all, a day's first, or the one given."""
        since = date.min if self.since is None else self.since
        return since if isinstance(since, datetime) else datetime.combine(since, time())

    @property
    def ends(self) -> datetime:
        """The last moment of all, the first after a day, or the one given."""
        if self.until is None:
            return datetime.max  # noqa: DTZ901 - local, like all times here
        if isinstance(self.until, datetime):
            return self.until
        return datetime.combine(self.until + timedelta(days=1), time())


class RuleConfig(Section):
    """When a violation becomes an episode."""

    coverage_below: Percent = 80
    """Violation below this coverage, in percent."""
    hold_s: Seconds = 1
    """How long a violation must have lasted before an episode opens."""
    correct_s: Seconds = 1
    """How long a mask must be worn before the episode is over."""
    reentry_s: Seconds = 20
    """Somebody who comes back within this time, near where they went, is the same person."""


class CameraConfig(Section):
    """One camera."""

    url: Annotated[SecretStr, WithJsonSchema({"type": ["string", "integer"], "format": "password"})]
    """`rtsp://`, `rtsps://`, `http(s)://` and other streams, a device such as `/dev/video0`, or
    the number of a webcam."""
    enabled: bool = True
    """Whether it is watched."""
    transport: Literal["tcp", "udp"] = "tcp"
    """How RTSP carries the pictures."""
    turn: Turn = 0
    """Degrees by which its pictures are turned clockwise, for a camera mounted on its side or on
    its head; zones are of the turned picture."""
    max_fps: Annotated[float, Field(gt=0, le=60)] = 8
    """Pictures that are looked at in a second, at most."""
    open_timeout_s: Annotated[float, Field(ge=1, le=120)] = 10
    """How long to wait for a connection."""
    read_timeout_s: Annotated[float, Field(ge=1, le=120)] = 10
    """How long without a picture before the camera is connected anew."""
    frozen_s: Annotated[float, Field(ge=5, le=86400)] | None = 60
    """How long without any change before the picture counts as frozen; none: never."""
    min_face_px: FaceSize = 24
    """Faces with a shorter side than this are left out, in pixels."""
    small_faces: bool = False
    """Whether far faces are looked for too, where the longer side has over 1024 pixels; slower."""
    min_score: Annotated[float, Field(ge=_FLOOR_SCORE, le=1)] | None = None
    """How sure the detector must be of a face; none for what the model recommends."""
    rule: RuleConfig = RuleConfig()
    """When a violation becomes an episode."""
    zones: tuple[ZoneConfig, ...] = ()
    """Parts of the picture that are judged or left out; none means all of it."""
    schedule: ScheduleConfig = ScheduleConfig()
    """When masks are required."""
    exemptions: tuple[ExemptionConfig, ...] = ()
    """Where and when nobody has to wear one."""
    _address: str = PrivateAttr("")

    def model_post_init(self, context: Any, /) -> None:
        """Notes how the address may be shown; ``context`` is `Resolved.shown`, if any."""
        url = self.url.get_secret_value()
        shown = (context or {}).get(url, url)
        # Without its scheme, nobody could tell where in the rest a password is.
        self._address = mask_password(shown) if scheme_of(shown) == scheme_of(url) else HIDDEN

    @field_validator("url", mode="before")
    @classmethod
    def _number_is_webcam(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("turn", mode="before")
    @classmethod
    def _text_is_number(cls, value: object) -> object:
        # That of an environment variable: pydantic takes texts for numbers, but for no literals.
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("url")
    @classmethod
    def _can_be_opened(cls, value: SecretStr) -> SecretStr:
        address = value.get_secret_value()
        if address.isdecimal() or address.startswith("/dev/"):
            return value
        if scheme_of(address) not in STREAM_SCHEMES:
            known = ", ".join(STREAM_SCHEMES)
            raise ValueError(f"must be a webcam's number, /dev/..., or an address of {known}")
        reason = reason_to_refuse(address)
        if reason is not None:
            raise ValueError(reason)
        return value

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        names = [zone.name for zone in self.zones]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two zones are called {twice[0]!r}")
        included = {zone.name for zone in self.zones if zone.use is ZoneUse.INCLUDE}
        for exemption in self.exemptions:
            for name in exemption.zones:
                if name not in included:
                    raise ValueError(f"an exemption names {name!r}, which is no include zone")
        return self

    @property
    def address(self) -> str:
        """The address as it may be shown, any password masked, and all that was put into it."""
        return self._address


def camera_of(settings: Mapping[str, Any]) -> CameraConfig:
    """A camera by settings that do not come from the file, checked as those in it are.

    Raises:
        ConfigError: what is wrong, without the address, which may hold a password.
    """
    values = dict(settings)
    try:
        return CameraConfig.model_validate(values)
    except ValidationError as error:
        found = problems_of(error, Resolved(values, frozenset(), ()))
        problems = [ConfigProblem(key_text(each.path), each.value, each.reason) for each in found]
        raise ConfigError("camera", problems) from None  # pydantic's error holds the input


CameraName: TypeAlias = Name
"""What a camera is called, here as in the dashboard."""

Cameras = dict[CameraName, CameraConfig]
"""The whole section: cameras by name."""
