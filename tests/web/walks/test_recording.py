"""What is recorded of a part of a walk while it goes on."""

from __future__ import annotations

from datetime import timedelta

from maskwatch.runtime.monitoring.live_hub import LiveHub
from maskwatch.types import State
from maskwatch.web.walks.recording import LONGEST_PART, PartRecorder
from maskwatch.web.walks.values import Phase
from tests.web.made_up import person
from tests.web.world import NOW


def test_a_part_that_nobody_ends_stops_looking() -> None:
    hub = LiveHub()
    part = PartRecorder(Phase.BARE, NOW, hub, "door")
    seen = (person(1, State.NO_MASK),)
    hub.publish("door", None, seen, NOW - timedelta(seconds=1))  # before it began
    hub.publish("door", None, seen, NOW + timedelta(seconds=1))
    hub.publish("gate", None, seen, NOW + timedelta(seconds=1))
    assert (part.seen, hub.is_watched("door")) == (1, True)
    hub.publish("door", None, seen, NOW + LONGEST_PART + timedelta(seconds=1))
    assert (part.seen, hub.is_watched("door")) == (1, False)
    hub.publish("door", None, seen, NOW + timedelta(seconds=2))
    assert len(part.finish(NOW + LONGEST_PART).sightings) == 1
