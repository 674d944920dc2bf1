"""What cameras see now, as the REST API gives it out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from maskwatch.types import Fault, State
from maskwatch.web.api.views.base import View


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
