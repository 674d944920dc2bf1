"""Stories for the tests: what a person's verdict was, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence

from maskwatch.events.episodes import EpisodeLog
from maskwatch.testing import face_at, reading_of
from maskwatch.tracks.verdict import Voter, VoteSettings
from maskwatch.types import Episode, Fault, MaskReading, State, Track, Verdict

FACE = face_at(100, 100)
MASK = reading_of(FACE, State.MASK)
BARE = reading_of(FACE, State.NO_MASK)
NOSE = reading_of(FACE, State.INCORRECT, Fault.NOSE_OUT)
CHIN = reading_of(FACE, State.INCORRECT, Fault.UNDER_CHIN)
UNSURE = reading_of(FACE, State.UNKNOWN)

Span = tuple[float, MaskReading | None]
"""Seconds, and the reading in each frame; None where the person is not seen."""


def track_of(
    reading: MaskReading, verdict: Verdict, t: float, number: int = 1, first_t: float = 0.0
) -> Track:
    """A person as seen at ``t``."""
    return Track(number, "door", reading, verdict, first_t, t)


def tell(fps: float, *spans: Span, number: int = 1) -> list[list[Track]]:
    """The tracks of each frame for one person, with verdicts as the tracker gives them."""
    voter, end = Voter(VoteSettings()), 0.0
    frames: list[list[Track]] = []
    for seconds, reading in spans:
        end += seconds
        while (t := len(frames) / fps) < end - 1e-9:
            seen = [] if reading is None else [track_of(reading, voter.add(t, reading), t, number)]
            frames.append(seen)
    return frames


def log_of(frames: Sequence[Sequence[Track]], fps: float) -> list[Episode]:
    """All episodes of a story, to the end of the source."""
    log, found = EpisodeLog("door"), []
    for index, tracks in enumerate(frames):
        found += log.update(index, index / fps, tracks)
    return found + log.close((len(frames) - 1) / fps)
