"""The section ``site``: where this is."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from maskwatch.config.base import Section


class SiteConfig(Section):
    """The place that is watched."""

    name: Annotated[str, Field(max_length=100)] = ""
    """Of the building or department, for messages and reports."""
    time_zone: str = "UTC"
    """Such as `Europe/Berlin`: what schedules, quiet hours, messages and charts are in."""

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("no such time zone; an example is Europe/Berlin") from None
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.time_zone)
