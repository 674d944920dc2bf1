"""Follows faces from look to look: strong detections first, weak ones only to keep who is there.

The two rounds are those of ByteTrack (Zhang et al., "ByteTrack: Multi-object tracking by
associating every detection box", ECCV 2022). Between them comes a round by distance, for faces
that moved by more than their width, and for people who looked away for a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from maskwatch.geometry import FloatArray, box_array, overlap_of_smaller
from maskwatch.tracks.assignment import distance_in_sizes, pair_by_distance, pair_by_overlap
from maskwatch.tracks.tracklet import LifeSettings, Phase, Tracklet
from maskwatch.tracks.verdict import VoteSettings
from maskwatch.types import Box, Frame, MaskReading, Track

Pairing = Callable[[float, Sequence[Tracklet], FloatArray], list[tuple[int, int]]]
"""From the time, faces that are followed and boxes found ``(M, 4)`` to pairs of their indices."""

_FIRST_SPACING_S = 60.0
"""Taken for usual between looks until some have come, so that slow sources are followed at once."""

_NEWEST_SHARE = 0.2
"""Weight of the newest spacing in the usual one."""

_SPACINGS_UNSEEN = 3
"""So many usual spacings a face may be unseen beyond ``max_gap_s``: where looks are rare, one
without the face must not end it."""


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How detections are joined into tracks."""

    start_score: float = 0.5
    """Only a detection of at least this score counts by itself, and starts a track."""
    floor_score: float = 0.3
    """Weaker detections are ignored; those in between only continue a track."""
    min_iou: float = 0.3
    """Overlap with its predicted box that continues a track without further question."""
    reach_sizes: float = 1.0
    """How far a face may be from its prediction, in face sizes."""
    reach_sizes_per_s: float = 5.0
    """What each second unseen adds to it."""
    max_reach_sizes: float = 2.5
    """Its upper limit: beyond, a face is somebody else's."""
    max_size_ratio: float = 1.8
    """How much larger one look at a face may be than the other."""
    encounter_sizes: float = 1.5
    """Faces that are nearer to each other than this, in sizes of a face, meet."""
    max_share: float = 0.6
    """A box that shares more than this with one already taken is the same face twice."""
    life: LifeSettings = field(default_factory=LifeSettings)
    votes: VoteSettings = field(default_factory=VoteSettings)

    def __post_init__(self) -> None:
        if not 0 <= self.floor_score <= self.start_score <= 1:
            raise ValueError("need 0 <= floor_score <= start_score <= 1")
        if self.max_size_ratio < 1 or not 0 < self.min_iou <= 1 or not 0 <= self.max_share <= 1:
            raise ValueError("need max_size_ratio >= 1, 0 < min_iou <= 1 and 0 <= max_share <= 1")
        if min(self.reach_sizes, self.reach_sizes_per_s, self.max_reach_sizes) < 0:
            raise ValueError("reaches must not be negative")

    def starting_from(self, score: float) -> TrackerSettings:
        """The same where a face counts from another score on."""
        return replace(self, start_score=score, floor_score=min(score, self.floor_score))


class Tracker:
    """Follows the people of one source.

    Ids count from 1 in the order in which people are confirmed and have no gaps. The looks may
    come at any spacing, so a lane may skip frames. After a break that is long for the source, as
    of a camera that was lost, everybody is somebody new.
    """

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._tracklets: list[Tracklet] = []
        self._people = 0
        self._source: str | None = None
        self._now = self._looked_t = 0.0
        self._size = 0, 0
        """Width and height of the last picture that was looked at."""
        self._spacing_s = _FIRST_SPACING_S

    def update(self, frame: Frame, readings: Sequence[MaskReading]) -> list[Track]:
        """Takes in the readings of one frame, in any order.

        A time before that of the last frame (a broken time stamp) counts as no time passed.

        Returns:
            The people seen in this frame, by id. Readings of faces that are nobody yet are in
            none of them.

        Raises:
            ValueError: the frame comes from another source than those before it.
        """
        now = self._advance(frame)
        height, width = frame.image.shape[:2]
        self._size = width, height
        self._drop_stale(now)
        found = sorted(self._worthwhile(readings), key=_place)
        unmatched = self._follow(now, found)
        self._begin(now, unmatched)
        self._tracklets = [each for each in self._tracklets if not each.is_gone(now)]
        self._confirm()
        seen = [each for each in self._tracklets if each.is_confirmed]
        return sorted((each.as_track(frame.source) for each in seen), key=lambda track: track.id)

    def coast(self, frame: Frame) -> list[Track]:
        """Where the people of the last look should be in a frame that nobody looked at.

        Changes nothing that is believed of them.

        Returns:
            The people seen in the last look, by id, with their last reading in its expected place.
            Who should have left the picture is not among them.

        Raises:
            ValueError: the frame comes from another source than those before it.
        """
        now = self._advance(frame)
        seen = [each for each in self._tracklets if each.is_confirmed]
        moved = ((each, each.expected_face(now, *self._size)) for each in seen)
        there = (each.as_track(frame.source, face) for each, face in moved if face is not None)
        return sorted(there, key=lambda track: track.id)

    @property
    def is_calm(self) -> bool:
        """True while everybody is a person in sight whose readings are of one mind, or nobody is.

        Then nothing is about to happen that a slower look would miss.
        """
        return all(each.is_calm for each in self._tracklets)

    @property
    def is_complete(self) -> bool:
        """True while every face is a person in sight, or nothing that will become one."""
        return all(each.is_settled for each in self._tracklets)

    def expected_boxes(self, t: float) -> list[Box]:
        """Where all faces should be at ``t``, in no particular order.

        A time before that of the last frame counts as no time passed.
        """
        return [each.expected_box(max(t, self._now)) for each in self._tracklets]

    def has_encounter(self, t: float) -> bool:
        """Whether two faces should be so near each other at ``t`` that one may hide the other."""
        boxes = self.expected_boxes(t)
        if len(boxes) < 2:
            return False
        distance = distance_in_sizes(box_array(boxes), box_array(boxes))
        np.fill_diagonal(distance, np.inf)
        return bool(np.min(distance) < self._settings.encounter_sizes)

    def greatest_move(self, since: float, until: float) -> float:
        """How far the fastest face should come from one time to another, in its own sizes.

        Times before that at which a face was last seen count as that one.
        """
        moves = (
            each.expected_move(max(since, each.last_t), max(until, each.last_t))
            for each in self._tracklets
        )
        return max(moves, default=0.0)

    def _advance(self, frame: Frame) -> float:
        if self._source is None:
            self._source, self._now, self._looked_t = frame.source, frame.t, frame.t
        if frame.source != self._source:
            raise ValueError(
                f"a tracker follows one source: {self._source!r}, not {frame.source!r}"
            )
        self._now = max(self._now, frame.t)
        return self._now

    def _drop_stale(self, now: float) -> None:
        """Drops those of before a break, whom no look has missed because there was none."""
        limit_s = self._settings.life.max_gap_s + _SPACINGS_UNSEEN * self._spacing_s
        self._tracklets = [each for each in self._tracklets if now - each.last_t <= limit_s]
        # One break does not make a slow source; many make one, so what counts of each is limited.
        spacing_s = min(now - self._looked_t, limit_s)
        self._spacing_s += _NEWEST_SHARE * (spacing_s - self._spacing_s)
        self._looked_t = now

    def _worthwhile(self, readings: Sequence[MaskReading]) -> list[MaskReading]:
        return [each for each in readings if each.face.score >= self._settings.floor_score]

    def _follow(self, now: float, found: list[MaskReading]) -> list[MaskReading]:
        """Gives readings to the tracklets they continue; returns the readings left over."""
        strong = [r for r in found if r.face.score >= self._settings.start_score]
        weak = [r for r in found if r.face.score < self._settings.start_score]
        # Who is steadily on a face keeps it: somebody who went behind them takes what is left.
        lost = [each for each in self._tracklets if each.phase is Phase.LOST]
        present = [each for each in self._tracklets if each.phase is not Phase.LOST]
        for pairing in (self._overlapping, self._near):
            present, strong = _round(now, present, strong, pairing)
            lost, strong = _round(now, lost, strong, pairing)
        present, _ = _round(now, present, weak, self._overlapping)
        for each in lost + present:
            each.miss()
        return strong

    def _begin(self, now: float, unmatched: list[MaskReading]) -> None:
        taken = [each.reading.face.box for each in self._tracklets if each.last_t == now]
        for reading in sorted(unmatched, key=lambda r: -r.face.score):
            box = reading.face.box
            shared = overlap_of_smaller(box_array([box]), box_array(taken))
            if np.max(shared, initial=0.0) > self._settings.max_share:
                continue
            taken.append(box)
            self._tracklets.append(
                Tracklet(now, reading, self._settings.life, self._settings.votes)
            )

    def _confirm(self) -> None:
        ready = [each for each in self._tracklets if each.deserves_confirmation]
        for each in sorted(ready, key=lambda each: (each.first_t, _place(each.reading))):
            self._people += 1
            each.confirm(self._people)

    def _overlapping(
        self, now: float, tracklets: Sequence[Tracklet], found: FloatArray
    ) -> list[tuple[int, int]]:
        expected = box_array([each.expected_box(now) for each in tracklets])
        return pair_by_overlap(expected, found, self._settings.min_iou)

    def _near(
        self, now: float, tracklets: Sequence[Tracklet], found: FloatArray
    ) -> list[tuple[int, int]]:
        settings = self._settings
        expected = box_array([each.expected_whole_box(now) for each in tracklets])
        unseen_s = np.array([now - each.last_t for each in tracklets])
        reach = np.minimum(
            settings.reach_sizes + settings.reach_sizes_per_s * unseen_s, settings.max_reach_sizes
        )
        return pair_by_distance(expected, found, reach, settings.max_size_ratio)


def _round(
    now: float, tracklets: list[Tracklet], readings: list[MaskReading], pairing: Pairing
) -> tuple[list[Tracklet], list[MaskReading]]:
    """One round of pairing; returns the tracklets and the readings that remain without."""
    if not tracklets or not readings:
        return tracklets, readings
    pairs = pairing(now, tracklets, box_array([each.face.box for each in readings]))
    for row, column in pairs:
        tracklets[row].hit(now, readings[column])
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    return (
        [each for i, each in enumerate(tracklets) if i not in rows],
        [each for i, each in enumerate(readings) if i not in columns],
    )


def _place(reading: MaskReading) -> tuple[Box, float]:
    """A sort key: what happens must not depend on the order in which faces were found."""
    return reading.face.box, reading.face.score
