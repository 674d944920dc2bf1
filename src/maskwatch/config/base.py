"""What all sections of the configuration share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A duration; names of such keys end in ``_s``."""

Percent = Annotated[float, Field(ge=0, le=100)]

Days = Annotated[float, Field(gt=0, allow_inf_nan=False)]

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
