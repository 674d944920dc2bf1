"""What all sections of the configuration share."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_Moment = TypeVar("_Moment", time, datetime)


def without_offset(value: _Moment) -> _Moment:
    """The same; raises ValueError when it is not one of the configured time zone."""
    if value.tzinfo is not None:
        raise ValueError("must be a local time without an offset")
    return value


# Durations have upper limits because moments do: no calendar goes beyond the year 9999.
Seconds = Annotated[float, Field(ge=0, le=10 * 365 * 86400, allow_inf_nan=False)]
"""A duration of at most ten years; names of such keys end in ``_s``."""

Percent = Annotated[float, Field(ge=0, le=100)]

Days = Annotated[float, Field(gt=0, le=36_500, allow_inf_nan=False)]
"""A time to keep something, of at most a hundred years."""

LocalTime = Annotated[time, AfterValidator(without_offset)]
"""A time of the day in the configured time zone."""

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
