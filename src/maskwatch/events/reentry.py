"""Recognises, without looking at the face, that somebody only went out of sight for a moment.

A new track is an old person when it appears soon after that person was lost, near where they
went, at about the same size, and in clothes of the same colours. When in doubt it is somebody
new: a second alert is a nuisance, a missed one is a failure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskwatch.tracks.absence import is_gone
from maskwatch.types import Box, Image, Track

Colours: TypeAlias = NDArray[np.float64]
"""``(64,)`` shares of 4 x 4 x 4 BGR colours; they sum to 1."""

_TOLD_LATER_S = 5.0
"""A track is confirmed, and so reported, some time after it began."""


@dataclass(frozen=True, slots=True)
class ReentrySettings:
    """When a new track is taken for an old person."""

    within_s: float = 20.0
    reach_sizes: float = 4.0
    """How far from where the person was lost, in face sizes."""
    max_size_ratio: float = 2.0
    min_likeness: float = 0.85
    """Of the clothes, in [0, 1]: see `likeness`. On four clips with eight people, 93 % of the
    pictures of one person (1 to 10 s apart) are that much alike, and 24 % of those of two people
    in one clip; at 0.80 it is 97 % and 29 %, at 0.90 87 % and 20 %."""
    within_unseen_s: float = 3.0
    """The time allowed when the clothes cannot be compared."""

    def __post_init__(self) -> None:
        if self.within_s < 0 or self.within_unseen_s < 0:
            raise ValueError("times must not be negative")

    @property
    def awaited_s(self) -> float:
        """After so long nobody comes back any more, not even told of late."""
        return self.within_s + _TOLD_LATER_S if self.within_s else 0.0


@dataclass(slots=True)
class _Known:
    """A person as last seen."""

    person: int
    track: int
    box: Box
    last_t: float
    colours: Colours | None
    misses: int = 0
    """Looks in a row without them."""


class ReentryBook:
    """Gives the tracks of one camera the numbers of persons, which survive a short absence.

    Args:
        settings: see there.
        first: the lowest number to give.
    """

    def __init__(self, settings: ReentrySettings | None = None, first: int = 1) -> None:
        self._settings = settings or ReentrySettings()
        self.next_person = first
        """The number of whoever comes next."""
        self._people: dict[int, _Known] = {}
        """By the id of their present track."""

    def update(
        self, t: float, tracks: Sequence[Track], colours: Mapping[int, Colours | None]
    ) -> list[Track]:
        """The same tracks, each with its person's number in place of its id.

        Args:
            t: now, in seconds.
            tracks: the people seen in one frame.
            colours: what they wear, by track id; see `clothes`.
        """
        for known in self._people.values():
            known.misses += 1
        new = [track for track in tracks if track.id not in self._people]
        for known, track in self._pairs(new, {track.id for track in tracks}, colours):
            del self._people[known.track]
            known.track = track.id
            self._people[track.id] = known
        people = [self._see(t, track, colours.get(track.id)) for track in tracks]
        self._forget(t)
        return people

    def _see(self, t: float, track: Track, colours: Colours | None) -> Track:
        known = self._people.get(track.id)
        if known is None:
            known = _Known(self.next_person, track.id, track.reading.face.box, t, None)
            self.next_person += 1
            self._people[track.id] = known
        known.box, known.last_t, known.misses = track.reading.face.box, t, 0
        if colours is not None:
            # A slow mean: one look with somebody else in front must not change what one wears.
            known.colours = (
                colours if known.colours is None else 0.8 * known.colours + 0.2 * colours
            )
        return replace(track, id=known.person)

    def _pairs(
        self, new: Sequence[Track], present: set[int], colours: Mapping[int, Colours | None]
    ) -> list[tuple[_Known, Track]]:
        """Lost people and the new tracks that continue them, nearest first."""
        candidates = []
        for track in new:
            for known in self._people.values():
                distance = self._distance(known, track, colours.get(track.id))
                if known.track not in present and distance is not None:
                    candidates.append((distance, known.person, track.id, known, track))
        pairs: list[tuple[_Known, Track]] = []
        for _, _, _, known, track in sorted(candidates, key=lambda each: each[:3]):
            if all(known is not k and track is not other for k, other in pairs):
                pairs.append((known, track))
        return pairs

    def _distance(self, known: _Known, track: Track, colours: Colours | None) -> float | None:
        """How far apart they are in face sizes; None when they cannot be the same."""
        settings = self._settings
        box = track.reading.face.box
        size, old_size = _size(box), _size(known.box)
        away_s = track.first_t - known.last_t
        apart = math.dist(box.middle, known.box.middle) / max(size, old_size)
        comparable = colours is not None and known.colours is not None
        allowed_s = settings.within_s if comparable else settings.within_unseen_s
        fits = (
            0 < away_s <= min(allowed_s, settings.within_s)
            and apart <= settings.reach_sizes
            and max(size, old_size) <= settings.max_size_ratio * min(size, old_size)
        )
        if not fits:
            return None
        if colours is not None and known.colours is not None:
            return apart if likeness(colours, known.colours) >= settings.min_likeness else None
        return apart

    def _forget(self, t: float) -> None:
        limit_s = self._settings.within_s + _TOLD_LATER_S
        self._people = {
            track: each
            for track, each in self._people.items()
            if not is_gone(each.misses, t - each.last_t, limit_s)
        }


def clothes(image: Image, face: Box) -> Colours | None:
    """The colours below a face; None where too little of that is in the picture.

    Args:
        image: ``(H, W, 3)`` uint8 BGR.
        face: in pixels of it.
    """
    height, width = image.shape[:2]
    x0, x1 = int(max(0, face.x0 - 0.4 * face.width)), int(min(width, face.x1 + 0.4 * face.width))
    y0, y1 = int(max(0, face.y1 + 0.4 * face.height)), int(min(height, face.y1 + 1.6 * face.height))
    if y1 - y0 < 0.4 * face.height or x1 - x0 < 0.6 * face.width:
        return None
    step = max(1, (x1 - x0) // 24)
    part = image[y0:y1:step, x0:x1:step].reshape(-1, 3) >> 6
    bins = part[:, 0].astype(np.intp) * 16 + part[:, 1] * 4 + part[:, 2]
    counts = np.bincount(bins, minlength=64).astype(np.float64)
    return np.asarray(counts / counts.sum(), np.float64)


def likeness(a: Colours, b: Colours) -> float:
    """The Bhattacharyya coefficient: 1 for the same colours, 0 for none in common."""
    return float(np.sqrt(a * b).sum())


def _size(box: Box) -> float:
    return math.sqrt(box.width * box.height)
