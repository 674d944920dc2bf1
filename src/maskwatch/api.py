"""maskwatch in a notebook: from an image array to readings in two lines.

::

    import maskwatch

    model = maskwatch.load()
    readings = model.read(image, colour="rgb")
    annotated = maskwatch.annotate(image, readings, colour="rgb")

Whether an array is RGB (Pillow, scikit-image, matplotlib) or BGR (OpenCV) cannot be seen from
it, and a model that is fed the wrong order is quietly worse. So it always has to be said.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from numbers import Integral, Real
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from maskwatch.build.models import BuildOptions, build_classifier, build_detector
from maskwatch.cores import MAX_THREADS
from maskwatch.draw import Mark, draw_marks, pixelate
from maskwatch.errors import UsageError
from maskwatch.faces.base import wanted_faces
from maskwatch.frames.discover import SourceSpec, discover
from maskwatch.frames.orientation import Turn
from maskwatch.frames.sampling import Sampler
from maskwatch.frames.sniff import SourceKind
from maskwatch.pipeline import FrameResult, LookSettings, read_faces
from maskwatch.runtime.runs.open import open_source
from maskwatch.runtime.runs.threads import share_threads
from maskwatch.runtime.runs.watch import new_pipeline
from maskwatch.tracks.tracker import TrackerSettings
from maskwatch.types import Frame, Image, MaskReading, Track

if TYPE_CHECKING:
    from maskwatch.faces.base import FaceDetector
    from maskwatch.masks.base import MaskClassifier

Colour = Literal["rgb", "bgr"]
"""Order of the channels of an array."""

_MARKED = (MaskReading, Track)


class Model:
    """Finds faces and says how each mask is worn; made by `load`.

    Args:
        detector: finds faces, down to those that only continue a track.
        classifier: judges them.
        threads: as `load` was asked for; videos are decoded accordingly.
        tracking: from which detector score on a face counts, and how those of a video become
            people.
    """

    def __init__(
        self,
        detector: FaceDetector,
        classifier: MaskClassifier,
        threads: int | None = None,
        tracking: TrackerSettings | None = None,
    ) -> None:
        self._detector = detector
        self._classifier = classifier
        self._threads = threads
        self._tracking = tracking or TrackerSettings()

    def read(self, image: NDArray[np.uint8], *, colour: Colour) -> list[MaskReading]:
        """Judges the faces of one picture.

        Args:
            image: ``(H, W, 3)`` uint8, or ``(H, W)`` grey.
            colour: the order of its channels.

        Returns:
            One reading per face, best detector score first; boxes are in pixels of the image.

        Raises:
            UsageError: it is not such an array, or ``colour`` is not "rgb" or "bgr".
        """
        frame = Frame("array", 0, 0.0, as_bgr(image, colour))
        return self._read(frame)

    def read_file(self, path: str | PathLike[str]) -> list[MaskReading]:
        """Judges the faces of an image file.

        Raises:
            SourceError: it cannot be read.
            UsageError: it is a video or an address, which `read_video` reads, or more than one
                file.
        """
        spec = _only_spec(path)
        if spec.kind is SourceKind.STREAM:
            raise UsageError(
                f"{spec.name} is an address, not a file: use read_video, also for a single picture"
            )
        if spec.kind is not SourceKind.IMAGE:
            raise UsageError(f"{spec.name} is not a picture: use read_video")
        with open_source(spec) as source:
            return [reading for frame in source for reading in self._read(frame)]

    def read_video(
        self,
        source: str | PathLike[str] | int,
        *,
        every: int = 1,
        max_fps: float | None = None,
        looks: LookSettings | None = None,
        turn: Turn = 0,
    ) -> Generator[tuple[Frame, FrameResult], None, None]:
        """Follows the people of a video, a webcam or a stream.

        Args:
            source: path, number of a webcam, or address.
            every: look at every Nth frame.
            max_fps: look at no more frames a second than this.
            looks: how often faces are looked for among those frames; by default ten times a
                second, with ``LookSettings(interval_s=0)`` in each.
            turn: degrees by which frames are turned clockwise first, of a camera mounted on its
                side (90 or 270) or upside down (180).

        Returns:
            Each frame (its image is BGR) with the faces in it and the people they belong to. The
            source is opened when the first is asked for, and let go of after the last, with
            `close`, or when nothing refers to the generator any more.

        Raises:
            SourceError: it cannot be read, or not to its end; what came before was delivered.
            UsageError: an argument is of a wrong type or makes no sense; raised by the call.
        """
        if not isinstance(looks, LookSettings | None):
            raise UsageError(f"looks must be a LookSettings, got {looks!r}")
        if turn not in get_args(Turn):
            raise UsageError(f"turn must be 0, 90, 180 or 270, got {turn!r}")
        sampler = Sampler(every, max_fps)
        return self._follow(_only_spec(source), sampler, looks or LookSettings(), turn)

    def _follow(
        self, spec: SourceSpec, sampler: Sampler, looks: LookSettings, turn: Turn
    ) -> Generator[tuple[Frame, FrameResult], None, None]:
        pipeline = new_pipeline(self._detector, self._classifier, self._tracking, looks)
        shares = share_threads(self._threads, {spec.kind})
        with open_source(
            spec, sampler=sampler, threads=shares.decoder, ahead=shares.ahead, turn=turn
        ) as frames:
            for frame in frames:
                yield frame, pipeline(frame).without_weak(self._tracking.start_score)

    def _read(self, frame: Frame) -> list[MaskReading]:
        faces = wanted_faces(self._detector(frame), self._tracking.start_score)
        return read_faces(frame, faces, self._classifier)


def load(
    *,
    threads: int | None = None,
    device: str = "cpu",
    score: float | None = None,
    detector_folder: str | PathLike[str] | None = None,
    classifier_folder: str | PathLike[str] | None = None,
) -> Model:
    """Loads the models of the package, or others.

    Args:
        threads: of one inference, and of what decodes videos, 1 to 256; None for as many as help.
        device: ``cpu``, ``cuda``, ``coreml`` or ``directml``.
        score: from which detector score on, 0 to 1, a face is reported, in a video also a weaker
            one that continues a track; None for the model's own.
        detector_folder: holds another face detector with its card.
        classifier_folder: holds another mask classifier with its card.

    Raises:
        ModelError: a file is missing, damaged, or cannot be run here.
        UsageError: one of the arguments makes no sense.
    """
    if threads is not None and not (isinstance(threads, Integral) and 1 <= threads <= MAX_THREADS):
        raise UsageError(f"threads must be a whole number, 1 to {MAX_THREADS}, got {threads!r}")
    if score is not None and not (isinstance(score, Real) and 0 <= score <= 1):
        raise UsageError(f"score must be a number, 0 to 1, got {score!r}")
    options = BuildOptions(
        detector_folder=_folder(detector_folder, "detector_folder"),
        classifier_folder=_folder(classifier_folder, "classifier_folder"),
        threads=threads,
        device=device,
    )
    built = build_detector(options, score=score, floor=TrackerSettings().floor_score)
    tracking = TrackerSettings().starting_from(built.score)
    return Model(built.detect, build_classifier(options), threads, tracking)


def annotate(
    image: NDArray[np.uint8],
    found: Sequence[MaskReading | Track],
    *,
    colour: Colour,
    blur: bool = False,
) -> NDArray[np.uint8]:
    """A copy of a picture with its faces marked.

    Args:
        image: ``(H, W, 3)`` uint8, or ``(H, W)`` grey.
        found: readings or tracks of this picture.
        colour: the order of the channels, of the image and of the copy.
        blur: pixelate the faces first.

    Returns:
        ``(H, W, 3)`` uint8 in the order of ``colour``.

    Raises:
        UsageError: the image or ``found`` is something else, or ``colour`` not "rgb" or "bgr".
    """
    canvas = as_bgr(image, colour)
    if not (isinstance(found, Sequence) and all(isinstance(each, _MARKED) for each in found)):
        raise UsageError("found must be a list of readings or tracks, such as `result.tracks`")
    readings = [each.reading if isinstance(each, Track) else each for each in found]
    if blur:
        canvas = pixelate(canvas, [reading.face.box for reading in readings])
    marks = [
        Mark.of_track(each) if isinstance(each, Track) else Mark.of_reading(each) for each in found
    ]
    drawn = draw_marks(canvas, marks)
    return drawn if colour == "bgr" else np.ascontiguousarray(drawn[:, :, ::-1])


def as_bgr(image: NDArray[np.uint8], colour: Colour) -> Image:
    """An array of a notebook as this package has it: ``(H, W, 3)`` uint8 BGR, contiguous.

    Raises:
        UsageError: it is no array of uint8, has another shape, or the order is not "rgb" or "bgr".
    """
    if not isinstance(image, np.ndarray):
        raise UsageError(
            f"image must be a numpy array, got {type(image).__name__}; "
            "np.asarray makes one of a Pillow picture"
        )
    if colour not in ("rgb", "bgr"):
        raise UsageError(f"colour must be 'rgb' or 'bgr', got {colour!r}")
    if image.dtype != np.uint8:
        raise UsageError(f"image must be uint8 with values 0 to 255, got {image.dtype}")
    if image.ndim == 2:
        image = np.repeat(image[:, :, None], 3, axis=2)
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise UsageError(f"image must have shape (H, W, 3) or (H, W), got {image.shape}")
    return np.ascontiguousarray(image if colour == "bgr" else image[:, :, ::-1])


def _only_spec(source: str | PathLike[str] | int) -> SourceSpec:
    """The one source that a path or address stands for."""
    found = discover(
        str(source) if isinstance(source, int | Integral) else _text(source, "the source")
    )
    for error in found.errors:
        raise error
    if len(found.specs) != 1:
        raise UsageError(f"{source}: {len(found.specs)} sources, give one")
    return found.specs[0]


def _folder(path: str | PathLike[str] | None, what: str) -> Path | None:
    return None if path is None else Path(_text(path, what))


def _text(path: str | PathLike[str], what: str) -> str:
    """A path or an address as text; ``what`` it is for is told when it is neither."""
    text = fspath(path) if isinstance(path, (str, PathLike)) else None
    if not isinstance(text, str):
        raise UsageError(f"{what} must be text or a pathlib.Path, got {type(path).__name__}")
    return text
