"""What tells Home Assistant which entities a camera has.

Sources: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and the pages of the MQTT
binary sensor, sensor, event and image there.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from maskwatch.store.records import DeliveryKind

ONLINE, OFFLINE = "online", "offline"

_ANNOUNCEMENT = re.compile(r"[^+#]+/(binary_sensor|sensor|event|image)/\w+/\w+/config")


@dataclass(frozen=True, slots=True)
class Topics:
    """Where things are published."""

    root: str

    @property
    def status(self) -> str:
        """``online`` or ``offline``, retained: the service itself; the last will sets it."""
        return f"{self.root}/status"

    @property
    def alert(self) -> str:
        """Alerts that are about no single camera."""
        return f"{self.root}/alert"

    @property
    def announced(self) -> str:
        """The topics of all announcements, retained: so they are found under whatever name."""
        return f"{self.root}/announced"

    def of(self, camera: str, what: str) -> str:
        """A topic of a camera (``+`` for all): ``status``, ``state``, ``alert`` or ``photo``."""
        return f"{self.root}/cameras/{camera}/{what}"


@dataclass(frozen=True, slots=True)
class Announcement:
    """How maskwatch shows up in Home Assistant."""

    topics: Topics
    prefix: str
    """Where Home Assistant listens."""
    node: str
    """Unique for each maskwatch at the broker."""
    version: str
    photos: bool
    """Whether photos are published at all."""
    dashboard_url: str | None

    @property
    def ours(self) -> str:
        """Matches the topics of all our announcements, also of cameras that are gone."""
        return f"{self.prefix}/+/{slug(self.node)}/+/config"

    def entities(self, camera: str) -> dict[str, dict[str, Any]]:
        """Topic and content of the announcement of each entity of a camera."""
        state = {"state_topic": self.topics.of(camera, "state")}
        entities: dict[tuple[str, str], dict[str, Any]] = {
            ("binary_sensor", "violation"): {
                "name": "Mask violation",
                "device_class": "problem",
                "value_template": "{{ 'ON' if value_json.violation else 'OFF' }}",
                **state,
            },
            ("sensor", "people"): {
                "name": "People",
                "icon": "mdi:account-group",
                "state_class": "measurement",
                "value_template": "{{ value_json.people }}",
                **state,
            },
            ("event", "alert"): {
                "name": "Mask alert",
                "icon": "mdi:face-mask",
                "event_types": [kind.value for kind in DeliveryKind],
                "state_topic": self.topics.of(camera, "alert"),
            },
        }
        if self.photos:
            entities["image", "photo"] = {
                "name": "Last violation",
                "content_type": "image/jpeg",
                "image_topic": self.topics.of(camera, "photo"),
            }
        return {
            f"{self.prefix}/{component}/{slug(self.node)}/{slug(camera)}_{name}/config": {
                **content,
                **self._shared(camera, name),
            }
            for (component, name), content in entities.items()
        }

    def _shared(self, camera: str, name: str) -> dict[str, Any]:
        status = [self.topics.status, self.topics.of(camera, "status")]
        device: dict[str, Any] = {
            "identifiers": [f"{slug(self.node)}_{slug(camera)}"],
            "name": camera,
            "manufacturer": "maskwatch",
            "model": "camera",
            "sw_version": self.version,
        }
        if self.dashboard_url is not None:
            device["configuration_url"] = self.dashboard_url
        return {
            "unique_id": f"{slug(self.node)}_{slug(camera)}_{name}",
            "availability": [{"topic": topic} for topic in status],
            "availability_mode": "all",
            "device": device,
            "origin": {"name": "maskwatch", "sw_version": self.version},
        }


def announced_in(body: bytes | bytearray) -> set[str]:
    """The topics of announcements that the broker kept a list of; what is none is left out."""
    try:
        listed = json.loads(body)
    except ValueError:  # not ours
        return set()
    found = listed if isinstance(listed, list) else []
    return {each for each in found if isinstance(each, str) and _ANNOUNCEMENT.fullmatch(each)}


def slug(name: str) -> str:
    """A name as Home Assistant's ids allow it; different names stay different."""
    plain = re.sub(r"[^a-zA-Z0-9]+", "_", name).strip("_").lower()
    if plain == name:
        return plain
    return f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"
