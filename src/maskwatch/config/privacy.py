"""The section ``privacy``: which pictures may exist at all."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from maskwatch.config.base import Section


class Photos(StrEnum):
    """What becomes of faces in photos that are stored, sent or shown."""

    NONE = "none"
    """There are no photos."""
    BLURRED = "blurred"
    """Every face is hidden."""
    CLEAR = "clear"
    """The violator can be seen; bystanders are hidden."""

    def shows(self, *, is_subject: bool) -> bool:
        """Whether a face may be recognised: the one that a photo is about, or another."""
        return self is Photos.CLEAR and is_subject


class PrivacyConfig(Section):
    """What may be kept and shown of people."""

    photos: Photos = Photos.BLURRED
    """`none`, `blurred` (every face that is found is hidden) or `clear` (only bystanders are)."""
    statistics_only: bool = False
    """No image is stored, sent or shown, no person has a row: only counts over some minutes."""
    statistics_minutes: Annotated[int, Field(ge=5, le=24 * 60)] = 60
    """How many minutes one count spans in statistics-only mode."""
    statistics_min_count: Annotated[int, Field(ge=1, le=1000)] = 5
    """A count below this (but not zero) is hidden in statistics-only mode."""

    @property
    def stored_photos(self) -> Photos:
        """What holds for photos: ``photos``, but none in statistics-only mode."""
        return Photos.NONE if self.statistics_only else self.photos

    @property
    def images_allowed(self) -> bool:
        """Whether any image may be stored or sent."""
        return self.stored_photos is not Photos.NONE
