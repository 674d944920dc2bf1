"""What all sections of the configuration share."""

from __future__ import annotations

import re
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_origin
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic.fields import FieldInfo

_Moment = TypeVar("_Moment", time, datetime)


def without_offset(value: _Moment) -> _Moment:
    """The same; raises ValueError when it is not one of the configured time zone."""
    if value.tzinfo is not None:
        raise ValueError("must be a local time without an offset")
    return value


NO_TIME = "must be a time such as 07:00; midnight is 00:00"
"""Why something is no time of the day."""


def _no_number(value: object) -> object:
    """The same; raises ValueError for what would be taken for seconds since midnight in UTC."""
    if isinstance(value, int | float):
        raise ValueError(NO_TIME)
    return value


def host_name(text: str) -> str:
    """The same; raises ValueError when no machine can be called so."""
    if re.search(r"[\s/@?#]", text):
        raise ValueError("must be the name or the number of a host, and nothing else")
    try:
        text.encode("idna")  # as Python does when it looks for an address
    except UnicodeError:
        raise ValueError("must name a host: a part of this name is empty or too long") from None
    return text


def http_address(text: str) -> SplitResult:
    """The parts of an address; raises ValueError when no request can go there."""
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError("must not hold blanks or line breaks")
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        reason = "must have a port from 1 to 65535; a host's IPv6 number stands in brackets"
        raise ValueError(reason) from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("must begin with https:// or http:// and name a host")
    if port == 0:
        raise ValueError("must have a port from 1 to 65535")
    host_name(host)
    return parts


def _no_share(value: float) -> float:
    if 0 < value < 1:
        raise ValueError(f"must be in percent: did you mean {100 * value:g}?")
    return value


def at_home(path: Path) -> Path:
    """The same with the home folder for a leading ``~``; raises ValueError when there is none."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError(f"there is no home folder for {path.parts[0]}") from None


# Durations have upper limits because moments do: no calendar goes beyond the year 9999.
Seconds = Annotated[float, Field(ge=0, le=10 * 365 * 86400, allow_inf_nan=False)]
"""A duration of at most ten years; names of such keys end in ``_s``."""

Percent = Annotated[float, Field(ge=0, le=100), AfterValidator(_no_share)]
"""0, or from 1 to 100: what is in between was meant as a share of 1."""

HostName = Annotated[str, AfterValidator(host_name)]
"""Of a machine, or its number."""

FilePath = Annotated[Path, AfterValidator(at_home)]
"""A file or folder of this machine."""

Days = Annotated[float, Field(gt=0, le=36_500, allow_inf_nan=False)]
"""A time to keep something, of at most a hundred years."""

_HOUR = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"


def _written(pattern: str) -> WithJsonSchema:
    """How editors are told what is right: their formats of times all have an offset."""
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


LocalTime = Annotated[
    time, BeforeValidator(_no_number), AfterValidator(without_offset), _written(_HOUR)
]
"""A time of the day in the configured time zone."""

LocalMoment = Annotated[datetime, _written(f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_HOUR}")]
"""A day and a time in the configured time zone; `without_offset` checks it."""

Fraction = Annotated[float, Field(ge=0, le=1)]
"""A place in a picture as a share of its width or height, or a probability."""

Point = tuple[Fraction, Fraction]
"""x to the right, y down."""

Polygon = Annotated[tuple[Point, ...], Field(min_length=3, max_length=200)]

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w][\w .-]*$")]
"""What a camera, zone or channel is called: letters, digits, spaces, ``.``, ``_`` and ``-``."""


class Section(BaseModel):
    """A part of the configuration: immutable, and unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        hide_input_in_errors=True,  # an input may be a password
        use_attribute_docstrings=True,  # the schema that editors read says what a key does
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_left_out(cls, values: Any) -> Any:
        """Leaves out sections and lists whose keys or items are all commented out."""
        if not isinstance(values, dict):
            return values
        return {
            key: value
            for key, value in values.items()
            if value is not None or not _holds_more(cls.model_fields.get(key))
        }


def _holds_more(field: FieldInfo | None) -> bool:
    """Whether it is a section, a mapping or a list, and may not be null."""
    if field is None:
        return False
    kind = get_origin(field.annotation) or field.annotation
    return isinstance(kind, type) and issubclass(kind, Section | dict | tuple)
