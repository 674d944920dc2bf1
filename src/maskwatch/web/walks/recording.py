"""Acceptance walks that go on: one for each camera at most, recorded while it happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from maskwatch.runtime.monitoring.live_hub import LiveHub, LiveView
from maskwatch.web.documented import AS_DOCUMENTED
from maskwatch.web.refusals import Missing, Taken, WrongUse
from maskwatch.web.walks.values import Mark, Part, Phase, Sighting

LONGEST_PART = timedelta(hours=2)
"""A part that nobody ended goes no further than this: it costs pictures and memory."""
FORGOTTEN_AFTER = timedelta(hours=12)
"""A walk that nobody ended no longer keeps others from beginning one."""
MOST_PARTS = 100
MOST_MARKS = 100


@dataclass(frozen=True, slots=True)
class PartState:
    """One part of a walk that goes on."""

    __pydantic_config__ = AS_DOCUMENTED

    phase: Phase
    started_at: datetime
    ended_at: datetime | None
    """None for the part that goes on."""
    marks_m: tuple[float, ...]
    """The marks passed so far."""
    sightings: int
    """How often somebody was seen."""


@dataclass(frozen=True, slots=True)
class WalkState:
    """A walk that goes on."""

    __pydantic_config__ = AS_DOCUMENTED

    camera: str
    walked_by: str
    begun_at: datetime
    parts: tuple[PartState, ...]
    """In order; the last one may go on."""


class PartRecorder:
    """One part of the walk that goes on; any thread may see and ask.

    Args:
        phase: which one.
        start: from when on.
        hub: where the camera's views come from.
        camera: whose.
    """

    def __init__(self, phase: Phase, start: datetime, hub: LiveHub, camera: str) -> None:
        self.phase = phase
        self.start = start
        self.marks: list[Mark] = []
        self._sightings: list[Sighting] = []
        self._is_done = False
        self._lock = threading.Lock()
        self._leave: Callable[[], None] = hub.follow(camera, self._see)

    @property
    def seen(self) -> int:
        """How often somebody was seen."""
        return len(self._sightings)

    @property
    def people(self) -> frozenset[int]:
        """The numbers of those who were seen."""
        with self._lock:
            return frozenset(each.track for each in self._sightings)

    def finish(self, end: datetime, *, on_duty: bool = True) -> Part:
        """The part as it went, without its alarms; ``on_duty`` as in `Part`."""
        self.stop()
        marks, sightings = tuple(self.marks), tuple(self._sightings)
        return Part(self.phase, self.start, end, marks, sightings, on_duty=on_duty)

    def stop(self) -> None:
        """Looks no more."""
        with self._lock:
            self._is_done = True
        self._leave()

    def _see(self, view: LiveView) -> None:
        with self._lock:
            if self._is_done or view.at < self.start:
                return
            if view.at - self.start > LONGEST_PART:
                self._is_done = True
            else:
                self._sightings += [
                    Sighting(view.at, each.track, each.read, each.face_px, each.free)
                    for each in view.people
                ]
        if self._is_done:
            self._leave()


class _Walk:
    """Somebody walks before one camera. Used under the lock of `Walking`."""

    def __init__(self, camera: str, walked_by: str, begun_at: datetime) -> None:
        self.camera = camera
        self.walked_by = walked_by
        self.begun_at = begun_at
        self.ended: list[Part] = []
        self.running: PartRecorder | None = None

    def end_part(self, now: datetime, *, on_duty: bool = True) -> None:
        if self.running is not None:
            self.ended.append(self.running.finish(now, on_duty=on_duty))
            self.running = None

    def parts(self) -> tuple[PartState, ...]:
        done = [
            PartState(each.phase, each.start, each.end, _distances(each.marks), len(each.sightings))
            for each in self.ended
        ]
        now = self.running
        if now is not None:
            done.append(PartState(now.phase, now.start, None, _distances(now.marks), now.seen))
        return tuple(done)


def _distances(marks: Sequence[Mark]) -> tuple[float, ...]:
    return tuple(each.distance_m for each in marks)


class Walking:
    """All walks that go on, in memory: a restart of the service ends them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._walks: dict[str, _Walk] = {}

    def begin(self, camera: str, walked_by: str, now: datetime) -> None:
        """Begins a walk. One's own that goes on is broken off.

        Raises:
            RecordExists: somebody else walks there.
        """
        with self._lock:
            other = self._walks.get(camera)
            if other is not None:
                is_forgotten = now - other.begun_at > FORGOTTEN_AFTER
                if other.walked_by != walked_by and not is_forgotten:
                    raise Taken("refused.walks_already", name=other.walked_by, camera=camera)
                other.end_part(now)
            self._walks[camera] = _Walk(camera, walked_by, now)

    def start_part(self, camera: str, phase: Phase, hub: LiveHub, now: datetime) -> None:
        """Starts a part, and ends the one that goes on.

        Raises:
            RecordNotFound: nobody walks there.
            UsageError: there are too many already.
        """
        with self._lock:
            walk = self._of(camera)
            walk.end_part(now)
            if len(walk.ended) >= MOST_PARTS:
                raise WrongUse("refused.most_parts", count=MOST_PARTS)
            walk.running = PartRecorder(phase, now, hub, camera)

    def pass_mark(self, camera: str, distance_m: float, now: datetime) -> None:
        """The person walking passes a mark on the floor.

        Raises:
            RecordNotFound: nobody walks there.
            UsageError: no part goes on, or there are too many marks.
        """
        with self._lock:
            running = self._of(camera).running
            if running is None:
                raise WrongUse("refused.start_part")
            if len(running.marks) >= MOST_MARKS:
                raise WrongUse("refused.most_marks", count=MOST_MARKS)
            running.marks.append(Mark(now, distance_m))

    def end_part(self, camera: str, now: datetime, *, on_duty: bool) -> None:
        """Ends the part that goes on, if any; ``on_duty`` as in `Part`.

        Raises:
            RecordNotFound: nobody walks there.
        """
        with self._lock:
            self._of(camera).end_part(now, on_duty=on_duty)

    @contextmanager
    def ending(
        self, camera: str, now: datetime, *, on_duty: bool = True
    ) -> Iterator[Sequence[Part]]:
        """Ends a walk: its parts, without their alarms. It goes on if the block fails.

        Args:
            camera: before which.
            now: when.
            on_duty: of the part that goes on; see `Part`.

        Raises:
            RecordNotFound: nobody walks there.
        """
        with self._lock:
            walk = self._of(camera)
            walk.end_part(now, on_duty=on_duty)
            del self._walks[camera]
        try:
            yield tuple(walk.ended)
        except BaseException:
            with self._lock:
                self._walks.setdefault(camera, walk)
            raise

    def forget(self, camera: str) -> None:
        """Breaks off the walk before a camera that is gone, if there is one."""
        with self._lock:
            walk = self._walks.pop(camera, None)
            if walk is not None and walk.running is not None:
                walk.running.stop()

    def state(self, camera: str) -> WalkState:
        """How a walk goes.

        Raises:
            RecordNotFound: nobody walks there.
        """
        with self._lock:
            walk = self._of(camera)
            return WalkState(camera, walk.walked_by, walk.begun_at, walk.parts())

    def people(self, camera: str) -> frozenset[int]:
        """The numbers of those who were seen in the part that goes on.

        Raises:
            RecordNotFound: nobody walks there.
        """
        with self._lock:
            running = self._of(camera).running
            return frozenset() if running is None else running.people

    def _of(self, camera: str) -> _Walk:
        walk = self._walks.get(camera)
        if walk is None:
            raise Missing("refused.nobody_walks", camera=camera)
        return walk
