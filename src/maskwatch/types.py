"""The values that pass between the stages: Frame -> Face -> MaskReading -> Track -> Episode.

All are immutable and checked when they are built. Each later value holds the earlier one
instead of copying its fields, so nothing is filled in after the fact.

Coordinates are pixels of the original picture (after EXIF rotation), x to the right, y down.
Images are ``(H, W, 3)`` uint8 in BGR order. Times are seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
"""``(H, W, 3)`` uint8, BGR."""

TIME_SLACK_S = 1e-3
"""Times of a source that differ by less may mean the same moment: they come out of divisions (0.6 s
at 10 fps may be 0.5999999 s) and of containers that count milliseconds."""


class State(StrEnum):
    """How a mask is worn, as far as one picture tells."""

    MASK = "mask"
    """Nose, mouth and chin are covered."""
    INCORRECT = "incorrect"
    """A mask is there but does not cover what it should; the fault says how."""
    NO_MASK = "no_mask"
    UNKNOWN = "unknown"
    """An honest "cannot tell", always with a reason."""

    @property
    def is_violation(self) -> bool:
        """True for ``incorrect`` and ``no_mask``."""
        return self in (State.INCORRECT, State.NO_MASK)


class Fault(StrEnum):
    """Why a state is ``incorrect``."""

    NOSE_OUT = "nose_out"
    """Mouth and chin covered, nose exposed."""
    UNDER_CHIN = "under_chin"
    """Nose and mouth exposed."""
    CHIN_OUT = "chin_out"
    """Nose and mouth covered, chin exposed."""
    OTHER = "other"
    """On the forehead or the eyes, hanging from an ear, held in the hand."""


def fault_fits(state: State, fault: Fault | None) -> bool:
    """Whether there is a fault exactly when the state is ``incorrect``."""
    return (fault is not None) == (state is State.INCORRECT)


class Box(NamedTuple):
    """A rectangle: left, top, right, bottom in pixels, right and bottom exclusive."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.y1 - self.y0

    @property
    def middle(self) -> tuple[float, float]:
        """The point between its sides, (x, y) in pixels."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def side(self) -> float:
        """The shorter side in pixels: what this project calls the size of a face."""
        return min(self.width, self.height)

    def scaled(self, factor: float) -> Box:
        """The box in the picture scaled by a factor."""
        return Box(*(factor * each for each in self))


class Point(NamedTuple):
    """A position in pixels."""

    x: float
    y: float


class Landmarks(NamedTuple):
    """Five points of a face; left and right are the person's own."""

    right_eye: Point
    left_eye: Point
    nose: Point
    right_mouth: Point
    left_mouth: Point


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source. Compared by identity because it holds an array."""

    source: str
    """Path, URL or camera name as the user gave it, with any password masked."""
    index: int
    """0-based position in the source (0 for an image)."""
    t: float
    """Seconds since the first frame of the source, on the source's own clock (0 for an image)."""
    image: Image
    """``(H, W, 3)`` uint8, BGR, C-contiguous."""
    captured_at: datetime | None = None
    """Aware UTC time of capture for live sources; for people and records, never for durations."""

    @property
    def has_image(self) -> bool:
        """False only for a frame that was passed over, a ``PassedFrame``: nobody was to look."""
        return True

    def __post_init__(self) -> None:
        shape = self.image.shape
        if len(shape) != 3 or shape[2] != 3 or 0 in shape:
            raise ValueError(f"image must have shape (H, W, 3) with H, W > 0, got {shape}")
        if self.image.dtype.name != "uint8":
            raise ValueError(f"image must be uint8, got {self.image.dtype}")


@dataclass(frozen=True, slots=True)
class Face:
    """One detected face."""

    box: Box
    score: float
    """Detector confidence in [0, 1]."""
    landmarks: Landmarks | None = None

    def __post_init__(self) -> None:
        if not (self.box.x1 > self.box.x0 and self.box.y1 > self.box.y0):
            raise ValueError(f"box must have x0 < x1 and y0 < y1, got {tuple(self.box)}")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"score must lie in [0, 1], got {self.score}")


class StateProbabilities(NamedTuple):
    """Calibrated probabilities of the three states that a face can be in; they sum to 1."""

    mask: float
    incorrect: float
    no_mask: float

    def of(self, state: State) -> float:
        """Probability of ``state``; raises ValueError for ``unknown``, which has none."""
        if state is State.UNKNOWN:
            raise ValueError("unknown has no probability: it is a decision, not a class")
        return float(getattr(self, state.value))


@dataclass(frozen=True, slots=True)
class MaskReading:
    """The judgement of one face in one frame."""

    face: Face
    state: State
    fault: Fault | None = None
    """Set exactly when the state is ``incorrect``."""
    probabilities: StateProbabilities | None = None
    """None only when the face could not be given to the model at all (too small, say)."""
    quality: float = 1.0
    """How far to trust the reading, in [0, 1]: from size, sharpness, detector score and pose."""
    reason: str | None = None
    """Why the state is ``unknown``; None otherwise."""

    def __post_init__(self) -> None:
        if not fault_fits(self.state, self.fault):
            raise ValueError(f"fault {self.fault!r} does not go with state {self.state.value!r}")
        if bool(self.reason) != (self.state is State.UNKNOWN):
            raise ValueError(f"reason {self.reason!r} does not go with state {self.state.value!r}")
        if self.probabilities is None and self.state is not State.UNKNOWN:
            raise ValueError(f"state {self.state.value!r} needs probabilities")
        if self.probabilities is not None and not math.isclose(
            sum(self.probabilities), 1.0, abs_tol=1e-3
        ):
            raise ValueError(f"probabilities must sum to 1, got {tuple(self.probabilities)}")
        if not 0.0 <= self.quality <= 1.0:
            raise ValueError(f"quality must lie in [0, 1], got {self.quality}")

    @property
    def coverage(self) -> float | None:
        """Calibrated probability of ``mask`` in percent, 0 to 100; None without probabilities."""
        return None if self.probabilities is None else 100.0 * self.probabilities.mask

    @property
    def clarity(self) -> float:
        """How clearly it shows its state, in [0, 1]; 0 for ``unknown``."""
        if self.probabilities is None or self.state is State.UNKNOWN:
            return 0.0
        return self.quality * self.probabilities.of(self.state)


class TimedReading(NamedTuple):
    """A reading and when it was made, in seconds."""

    t: float
    reading: MaskReading


class TimedBox(NamedTuple):
    """A place where something was, and when that was, in seconds."""

    t: float
    box: Box


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of a track, voted over its recent readings."""

    state: State
    fault: Fault | None = None
    coverage: float | None = None
    """Quality-weighted mean coverage of the readings voted over, in percent."""
    since_t: float | None = None
    """Time of the first reading that speaks for it: the vote turns later than the person did.

    A change between ``incorrect`` and ``no_mask`` keeps it. None while the state is ``unknown``.
    """

    def __post_init__(self) -> None:
        if not fault_fits(self.state, self.fault):
            raise ValueError(f"fault {self.fault!r} does not go with state {self.state.value!r}")


@dataclass(frozen=True, slots=True)
class Track:
    """One person followed through one source, as seen in one frame."""

    id: int
    """Positive, unique within the tracker that gave it."""
    source: str
    reading: MaskReading
    """The reading in this frame."""
    verdict: Verdict
    first_t: float
    last_t: float
    recent: tuple[TimedReading, ...] = ()
    """The readings that were voted over, oldest first."""


@dataclass(frozen=True, slots=True)
class Episode:
    """From the moment a verdict becomes a violation until it is corrected or the person is gone."""

    source: str
    track: int
    state: State
    """The state and fault that weighed most over the episode."""
    fault: Fault | None
    start_s: float
    end_s: float
    best_frame: int
    """Index of the frame that shows the violation best (clearest reading)."""
    ongoing: bool = False
    """True when the source ended, or the value was taken, while the violation still held."""
