"""One followed face and what is believed of it.

::

    tentative --enough strong hits--> confirmed --miss--> lost
        |                                 ^                 | |
        |                                 '------- hit -----' |
        '-- unseen for too long --> gone <-- for too long ----'

Only confirmed ones are people and carry an id; false detections that flicker stay tentative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from maskwatch.tracks import motion
from maskwatch.tracks.absence import is_gone
from maskwatch.tracks.verdict import Voter, VoteSettings
from maskwatch.types import Box, Face, Landmarks, MaskReading, Point, Track

_SIZE_FADE_S = 1.0
"""Time in which an earlier size of a face comes to count for 1/e: one who goes behind somebody, or
comes out again, is seen in part for a moment, and has not become smaller by that."""


class Phase(StrEnum):
    """Where a tracklet stands."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class LifeSettings:
    """When a face becomes a person, and when a person is given up."""

    confirm_hits: int = 3
    """Detections with at least ``confirm_score`` that make a person."""
    confirm_score: float = 0.72
    """Patterns that merely look like a face are found again and again, but with lower scores.

    The scale is the detector's own. Of the faces of 32 px and more on photos kept for validation,
    ours gives 0.72 or more to 97 %, and a lasting false detection in a test clip got up to 0.66;
    the unmodified YuNet weights gave another one 0.78 and want 0.8.
    """
    confirm_s: float = 0.3
    """Time that must lie between the first detection and the one that confirms."""
    confirm_share: float = 0.5
    """Share of the looks in between that must have found it: false detections flicker."""
    doubtful_s: float = 1.0
    """After so long without confirmation a face is no reason to look often."""
    max_gap_s: float = 1.5
    """A person unseen for longer is gone; a later face is somebody new."""
    max_tentative_gap_s: float = 0.4
    """The same before confirmation."""

    def __post_init__(self) -> None:
        if self.confirm_hits < 1:
            raise ValueError("need confirm_hits >= 1")
        if not (0 <= self.confirm_score <= 1 and 0 <= self.confirm_share <= 1):
            raise ValueError("need confirm_score and confirm_share in [0, 1]")
        if min(self.confirm_s, self.doubtful_s, self.max_gap_s, self.max_tentative_gap_s) < 0:
            raise ValueError("times must not be negative")


class Tracklet:
    """A face followed since ``t`` (seconds)."""

    def __init__(
        self, t: float, reading: MaskReading, life: LifeSettings, votes: VoteSettings
    ) -> None:
        self.phase = Phase.TENTATIVE
        self.id: int | None = None
        self.first_t = t
        self.last_t = t
        self.reading = reading
        self._life = life
        self._voter = Voter(votes)
        self._voter.add(t, reading)
        self._motion = motion.begin(reading.face.box)
        self._size = _log_size(reading.face.box)
        self._strong_hits = self._count(reading)
        self._hits = self._looks = 1
        self._misses = 0

    @property
    def is_confirmed(self) -> bool:
        """True for a person seen in the last look."""
        return self.phase is Phase.CONFIRMED

    @property
    def deserves_confirmation(self) -> bool:
        """True once a tentative one has been seen often, long and clearly enough."""
        return (
            self.phase is Phase.TENTATIVE
            and self._strong_hits >= self._life.confirm_hits
            and self.last_t - self.first_t >= self._life.confirm_s
            and self._hits >= self._life.confirm_share * self._looks
        )

    @property
    def is_settled(self) -> bool:
        """True for a person in sight, and for what is too weak to become one or had its time."""
        if self.phase is Phase.TENTATIVE:
            is_old = self.last_t - self.first_t > self._life.doubtful_s
            return is_old or self._strong_hits == 0
        return self.is_confirmed

    @property
    def is_calm(self) -> bool:
        """True for one that is settled and whose recent readings all say what the verdict says."""
        return self.is_settled and (not self.is_confirmed or self._voter.is_unanimous)

    def expected_box(self, t: float) -> Box:
        """Where the face should be at ``t``."""
        return motion.expected_box(self._motion, t - self.last_t)

    def expected_whole_box(self, t: float) -> Box:
        """Where the whole face should be at ``t``, even if only a part of it was seen last."""
        box = self.expected_box(t)
        grown = math.exp(self._size - _log_size(box)) / 2
        x, y = box.middle
        across, down = grown * box.width, grown * box.height
        return Box(x - across, y - down, x + across, y + down)

    def expected_move(self, since: float, until: float) -> float:
        """How far it should come from one time to another, in sizes of the face."""
        return motion.expected_travel(self._motion, since - self.last_t, until - self.last_t)

    def hit(self, t: float, reading: MaskReading) -> None:
        """Seen again."""
        predicted = motion.predict(self._motion, t - self.last_t)
        self._motion = motion.correct(predicted, reading.face.box)
        keep = math.exp(-(t - self.last_t) / _SIZE_FADE_S)
        self._size = keep * self._size + (1 - keep) * _log_size(reading.face.box)
        self._voter.add(t, reading)
        self._strong_hits += self._count(reading)
        self._hits += 1
        self._looks += 1
        self._misses = 0
        self.reading, self.last_t = reading, t
        if self.phase is Phase.LOST:
            self.phase = Phase.CONFIRMED

    def miss(self) -> None:
        """Looked for and not seen."""
        self._looks += 1
        self._misses += 1
        if self.phase is Phase.CONFIRMED:
            self.phase = Phase.LOST

    def confirm(self, track_id: int) -> None:
        """Makes it a person."""
        self.id = track_id
        self.phase = Phase.CONFIRMED

    def is_gone(self, now: float) -> bool:
        """True when it has been unseen for too long."""
        tentative = self.phase is Phase.TENTATIVE
        limit_s = self._life.max_tentative_gap_s if tentative else self._life.max_gap_s
        return is_gone(self._misses, now - self.last_t, limit_s)

    def expected_face(self, t: float, width: int, height: int) -> Face | None:
        """The face as it should be at ``t`` in a picture so wide and high (pixels).

        Its landmarks move with it, and its box ends where the picture does. None once less than a
        pixel of it should be inside.
        """
        seen, box = self.reading.face, self.expected_box(t)
        inside = Box(max(0.0, box.x0), max(0.0, box.y0), min(width, box.x1), min(height, box.y1))
        if min(inside.width, inside.height) < 1:
            return None
        across, down = box.width / seen.box.width, box.height / seen.box.height
        landmarks = seen.landmarks and Landmarks(
            *(
                Point(box.x0 + across * (x - seen.box.x0), box.y0 + down * (y - seen.box.y0))
                for x, y in seen.landmarks
            )
        )
        return Face(inside, seen.score, landmarks)

    def as_track(self, source: str, face: Face | None = None) -> Track:
        """The public value; only for those that have been confirmed.

        Args:
            source: name of the source.
            face: in place of the one that was seen last.
        """
        if self.id is None:
            raise ValueError("a tentative tracklet is not a person yet")
        reading = self.reading if face is None else replace(self.reading, face=face)
        return Track(
            id=self.id,
            source=source,
            reading=reading,
            verdict=self._voter.verdict,
            first_t=self.first_t,
            last_t=self.last_t,
            recent=self._voter.recent,
        )

    def _count(self, reading: MaskReading) -> int:
        return int(reading.face.score >= self._life.confirm_score)


def _log_size(box: Box) -> float:
    return math.log(box.width * box.height) / 2
