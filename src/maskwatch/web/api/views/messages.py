"""Messages of alerts and the channels they go through, as the REST API gives them out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from maskwatch.config import alerts
from maskwatch.store.records import DeliveryKind, DeliveryState
from maskwatch.web.api.views.base import PageView, View


class DeliveryView(View):
    """One message to one channel."""

    id: str
    episode_id: str | None
    kind: DeliveryKind
    channel: str
    recipient: str | None
    """Null for a channel without addresses; `***` for whoever may not send messages again."""
    stage: int
    camera: str | None
    created_at: datetime | None
    not_before: datetime | None
    attempts: int
    state: DeliveryState
    last_error: str | None
    permanent: bool
    sent_at: datetime | None


class DeliveryPage(PageView[DeliveryView]):
    """Some messages, the newest first."""


ChannelName = Annotated[alerts.ChannelName, Field(examples=["shift"])]


class ChannelView(View):
    """A channel of the configuration."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "shift", "kind": "email", "recipients": 2}]},
    )

    name: str
    kind: str
    recipients: int
    """Whom it tells one by one; 1 for a channel without addresses."""
