"""Episodes, as the REST API is asked for them and gives them out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from maskwatch.advice import advice_for, words_for
from maskwatch.store.records import EpisodeFilter, EpisodeRecord
from maskwatch.types import Fault, State
from maskwatch.web.api.queries import After, Limit, Names
from maskwatch.web.api.views.base import Body, PageView, Text, View
from maskwatch.web.api.views.messages import DeliveryView


class EpisodeQuery(BaseModel):
    """Which episodes are wanted, and which page of them."""

    camera: Names = []
    zone: Names = []
    state: list[State] = []
    fault: list[Fault] = []
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    ongoing: bool | None = None
    acknowledged: bool | None = None
    corrected: bool | None = None
    text: Annotated[Text, Field(max_length=200)] = ""
    after: After = None
    limit: Limit = 50

    def filter(self) -> EpisodeFilter:
        """What the store is asked for."""
        return EpisodeFilter(
            cameras=tuple(self.camera),
            zones=tuple(self.zone),
            states=tuple(self.state),
            faults=tuple(self.fault),
            since=self.since,
            until=self.until,
            ongoing=self.ongoing,
            acknowledged=self.acknowledged,
            corrected=self.corrected,
            text=self.text,
        )


class EpisodeView(View):
    """One violation of one person."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0199f3a2c5d07b1e8f42a90d3c6b71e5",
                    "camera": "door",
                    "zone": None,
                    "track": 7,
                    "state": "incorrect",
                    "fault": "nose_out",
                    "words": "nose out",
                    "advice": "pull the mask up over your nose",
                    "coverage": 12.4,
                    "started_at": "2026-03-01T08:30:00Z",
                    "ended_at": "2026-03-01T08:30:41Z",
                    "has_photo": True,
                    "acknowledged_by": "anna",
                    "acknowledged_at": "2026-03-01T08:31:10Z",
                    "corrected_state": None,
                    "corrected_fault": None,
                    "corrected_by": None,
                    "model_version": "0.1.0",
                }
            ]
        },
    )

    id: str
    camera: str
    zone: str | None
    track: int
    state: State
    fault: Fault | None
    words: str
    """State or fault for people, such as `nose out`."""
    advice: str | None
    """What the wearer should do."""
    coverage: float | None
    """Percent, 0 to 100."""
    started_at: datetime
    ended_at: datetime | None
    """Null while it lasts."""
    has_photo: bool
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    corrected_state: State | None
    """What a person says it really was."""
    corrected_fault: Fault | None
    corrected_by: str | None
    model_version: str

    @classmethod
    def of(cls, record: EpisodeRecord) -> Self:
        """Of a record."""
        values = {
            name: getattr(record, name)
            for name in cls.model_fields
            if name not in ("words", "advice", "has_photo")
        }
        return cls(
            **values,
            words=words_for(record.state, record.fault),
            advice=advice_for(record.state, record.fault),
            has_photo=record.snapshot_id is not None,
        )


class EpisodePage(PageView[EpisodeView]):
    """Some episodes, the newest first."""


class TimelineView(View):
    """One reading of the track of an episode."""

    at: datetime
    state: State
    fault: Fault | None
    coverage: float | None
    quality: float


class EpisodeDetailView(View):
    """One episode with everything about it."""

    episode: EpisodeView
    timeline: Sequence[TimelineView]
    deliveries: Sequence[DeliveryView]


class Correction(Body):
    """What it really was."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"state": "mask"}, {"state": "incorrect", "fault": "other"}]
        },
    )

    state: State
    fault: Fault | None = None
    """Needed when the state is `incorrect`, and only then."""
