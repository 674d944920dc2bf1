"""What every view and every body of the REST API share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Generic, Self, TypeVar

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

    @classmethod
    def of(cls, record: Any) -> Self:
        """Of one record."""
        return cls.model_validate(record)

    @classmethod
    def all(cls, records: Iterable[Any]) -> list[Self]:
        """Of each record."""
        return [cls.of(each) for each in records]


_ViewT = TypeVar("_ViewT", bound=View)


class PageView(View, Generic[_ViewT]):
    """Some of a longer list."""

    items: Sequence[_ViewT]
    next: str | None
    """Give it as `after` for the page that follows; null on the last one."""


class Body(BaseModel):
    """What a client sends: unknown keys are errors, so that no typing mistake goes unnoticed."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
