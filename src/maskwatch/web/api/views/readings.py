"""Readings per minute, as the REST API gives them out."""

from __future__ import annotations

from datetime import datetime

from maskwatch.web.api.views.base import View


class CameraReadingsView(View):
    """How many readings of one camera had which state within a period.

    One face on ten pictures is ten readings; people are counted under `/people`.
    """

    camera: str
    frames: int
    """Pictures that were looked at; of a single minute they stand where `zone` is null."""
    mask: int
    incorrect: int
    no_mask: int
    unknown: int
    """A large share of all means too little light, too much distance or a bad angle."""


class MinuteReadingsView(CameraReadingsView):
    """The same of one minute, once it is over, and of one zone or outside all."""

    zone: str | None
    minute: datetime
    """Its start."""
