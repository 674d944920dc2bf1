"""What every view and every body of the REST API share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _without_nul(value: object) -> object:
    # PostgreSQL cannot store it, and nobody means it.
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("must not contain the character NUL")
    return value


Text = Annotated[str, BeforeValidator(_without_nul)]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_-]+$")]


class View(BaseModel):
    """Made from the record of the same name."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)


class Body(BaseModel):
    """What a client sends: unknown keys are errors, so that no typing mistake goes unnoticed."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
