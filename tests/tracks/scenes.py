"""Scenes for the tests: who is where when, looked at with any frame rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from maskwatch.testing import blank_frames, face_at, reading_of
from maskwatch.tracks.tracker import Tracker
from maskwatch.types import Face, MaskReading, State, Track

Walk = Callable[[float], Face | None]
"""From the time in seconds to the face, None while it is not seen."""


def times(seconds: float, fps: float) -> list[float]:
    """Times of the frames of a clip that lasts ``seconds``."""
    return [index / fps for index in range(round(seconds * fps))]


def walk(
    start: tuple[float, float],
    velocity: tuple[float, float] = (0.0, 0.0),
    *,
    size: float = 60.0,
    score: float = 0.9,
    hidden: Sequence[tuple[float, float]] = (),
) -> Walk:
    """Somebody who walks straight (pixels, pixels per second), unseen in the hidden intervals."""

    def at(t: float) -> Face | None:
        if any(begin <= t < end for begin, end in hidden):
            return None
        x, y = start[0] + velocity[0] * t, start[1] + velocity[1] * t
        return face_at(x, y, size, score)

    return at


def readings_at(t: float, walks: Sequence[Walk]) -> list[MaskReading]:
    """The readings of everybody seen at ``t``, all of them ``mask``."""
    faces = [each(t) for each in walks]
    return [reading_of(face, State.MASK) for face in faces if face is not None]


def play(walks: Sequence[Walk], at: Sequence[float], tracker: Tracker | None = None) -> Tracks:
    """Follows a scene; returns the tracks of each frame."""
    tracker = tracker or Tracker()
    return [tracker.update(frame, readings_at(frame.t, walks)) for frame in blank_frames(at)]


Tracks = list[list[Track]]


def ids(tracks: Tracks) -> set[int]:
    """Every id that ever occurred."""
    return {track.id for frame in tracks for track in frame}


def paths(tracks: Tracks) -> dict[int, list[tuple[float, float]]]:
    """Centre of the face of each id, in order of time."""
    found: dict[int, list[tuple[float, float]]] = {}
    for frame in tracks:
        for track in frame:
            box = track.reading.face.box
            centre = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
            found.setdefault(track.id, []).append(centre)
    return found
