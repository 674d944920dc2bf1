"""Takes frames through the stages with a stopwatch."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from maskwatch.build.models import BuildOptions, build_classifier, build_detector
from maskwatch.faces.base import FaceDetector, find
from maskwatch.frames.discover import SourceSpec, discover
from maskwatch.frames.sniff import SourceKind
from maskwatch.masks.base import MaskClassifier
from maskwatch.outputs.base import JudgedFrame, PictureSink
from maskwatch.outputs.images import PictureFile, write_picture
from maskwatch.outputs.video import VideoFile
from maskwatch.runtime.runs.open import open_source
from maskwatch.runtime.runs.session import finished_picture
from maskwatch.runtime.runs.watch import MovingWatch, StillWatch
from maskwatch.tracks.tracker import TrackerSettings
from maskwatch.types import Box, Face, Frame, Image, MaskReading

STAGES = ("decode", "detect", "classify", "track", "draw", "write")
_WARM_UP = 5
_WIDTH, _HEIGHT, _FPS = 1280, 720, 25
_FACE_PX = 90
_MADE_FACES = 5

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Times of one image or video, one entry per counted frame, in milliseconds."""

    name: str
    width: int
    height: int
    faces: float
    """Judged per frame, on average."""
    stages_ms: dict[str, tuple[float, ...]]
    """By the names in ``STAGES``; of an image there is no "track"."""

    @property
    def frames(self) -> int:
        """Counted."""
        return len(self.stages_ms["decode"])

    def fps(self, *, with_output: bool) -> float:
        """Frames per second from file to result, with or without drawing and writing."""
        skipped = set() if with_output else {"draw", "write"}
        total_ms = sum(sum(ms) for stage, ms in self.stages_ms.items() if stage not in skipped)
        return 1000 * self.frames / total_ms


@dataclass(frozen=True, slots=True)
class _Bench:
    detect: FaceDetector
    classifier: MaskClassifier
    tracking: TrackerSettings
    threads: int
    faces: tuple[Face, ...] | None
    """Judged instead of those found; None for those found."""


class _Stopwatch:
    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = {}

    def __call__(
        self, stage: str, work: Callable[[], _Result], but_for: Sequence[str] = ()
    ) -> _Result:
        """Does the work; what the stages ``but_for`` took in it is theirs."""
        start = time.perf_counter()
        result = work()
        ms = 1000 * (time.perf_counter() - start)
        self.ms.setdefault(stage, []).append(ms - sum(self.ms[each][-1] for each in but_for))
        return result


def run_bench(options: BuildOptions, files: Sequence[Path], max_frames: int) -> list[BenchResult]:
    """Measures on the files or, if there are none, on a picture and a clip of 720p.

    What the made ones show is no face, which changes nothing for the detector; the classifier
    gets five fixed places.

    Raises:
        SourceError: a file cannot be read.
        ModelError: a model cannot be used.
    """
    built, classifier = build_detector(options), build_classifier(options)
    tracking = TrackerSettings().starting_from(built.score)
    with tempfile.TemporaryDirectory() as folder:
        made = None if files else tuple(_made_faces())
        specs = _specs(files) if files else _make_samples(Path(folder), max_frames)
        bench = _Bench(built.detect, classifier, tracking, options.threads or 0, made)
        return [_measure(bench, spec, Path(folder), max_frames) for spec in specs]


def _specs(files: Sequence[Path]) -> list[SourceSpec]:
    found = [discover(str(path)) for path in files]
    for each in found:
        for error in each.errors:
            raise error
    return [spec for each in found for spec in each.specs]


def _measure(bench: _Bench, spec: SourceSpec, folder: Path, max_frames: int) -> BenchResult:
    watch = _Stopwatch()
    look = _look(watch, bench, spec)
    sink: PictureSink | None = None
    counts = []
    frames = _frames(spec, bench.threads)
    for _ in range(max_frames + _WARM_UP):
        frame = watch("decode", lambda: _next_picture(frames))
        if frame is None:
            watch.ms["decode"].pop()
            break
        judged = look(frame)
        counts.append(len(judged.faces))
        sink = sink or _sink(spec, folder)
        _write(watch, judged, sink)
    if sink is not None:
        sink.close()
    skipped = min(_WARM_UP, len(counts) - 1)
    stages = {stage: tuple(ms[skipped:]) for stage, ms in watch.ms.items()}
    height, width = judged.frame.image.shape[:2]
    return BenchResult(spec.name, width, height, float(np.mean(counts[skipped:])), stages)


def _frames(spec: SourceSpec, threads: int) -> Iterator[Frame]:
    """The frames of a video; of an image the same one, read again and again."""
    rounds = itertools.repeat(0) if spec.kind is SourceKind.IMAGE else range(1)
    for _ in rounds:
        with open_source(spec, threads=threads) as source:
            yield from source


def _next_picture(frames: Iterator[Frame]) -> Frame | None:
    """The next frame, converted, which frames of a video are when they are first looked at."""
    frame = next(frames, None)
    if frame is not None:
        _ = frame.image
    return frame


def _look(watch: _Stopwatch, bench: _Bench, spec: SourceSpec) -> Callable[[Frame], JudgedFrame]:
    """What `maskwatch detect` does where it looks at every frame, with a stopwatch inside."""
    is_still = spec.kind is SourceKind.IMAGE

    def detect(frame: Frame) -> list[Face]:
        found = watch("detect", lambda: find(bench.detect, frame, None, small_faces=is_still))
        return found if bench.faces is None else list(bench.faces)

    def classify(frame: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        return watch("classify", lambda: bench.classifier(frame, faces))

    if is_still:
        return StillWatch(detect, classify, wanted=list).look
    moving = MovingWatch(spec.name, detect, classify, bench.tracking)
    return lambda frame: watch("track", lambda: moving.look(frame), but_for=("detect", "classify"))


def _write(watch: _Stopwatch, judged: JudgedFrame, sink: PictureSink) -> None:
    picture = watch("draw", lambda: finished_picture(judged, ()))
    watch("write", lambda: sink.write(picture, judged.frame.t))


def _sink(spec: SourceSpec, folder: Path) -> PictureSink:
    if spec.kind is SourceKind.IMAGE:
        return PictureFile(folder / "annotated.jpg")
    return VideoFile(folder / "annotated.mp4", _FPS)


def _make_samples(folder: Path, frames: int) -> list[SourceSpec]:
    """A picture and a clip of smooth moving structure with a little noise, like a dull room."""
    picture, clip = folder / "picture-720p.jpg", folder / "clip-720p.mp4"
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 12, (_HEIGHT, _WIDTH, 3), dtype=np.uint8)
    write_picture(picture, _scene(texture, 0))
    video = VideoFile(clip, _FPS)
    for i in range(frames + _WARM_UP):
        video.write(_scene(texture, i), i / _FPS)
    video.close()
    return [
        SourceSpec("picture", SourceKind.IMAGE, str(picture)),
        SourceSpec("clip", SourceKind.VIDEO, str(clip)),
    ]


def _scene(texture: Image, step: int) -> Image:
    xs = np.arange(_WIDTH)[None, :, None] + 4 * step
    ys = np.arange(_HEIGHT)[:, None, None]
    waves = 110 + 50 * np.sin(xs / 90) + 50 * np.cos(ys / 70 + np.arange(3))
    return np.asarray(waves.astype(np.uint8) + texture, np.uint8)


def _made_faces() -> Iterator[Face]:
    for i in range(_MADE_FACES):
        x0, y0 = 120.0 + 220 * i, 300.0
        yield Face(Box(x0, y0, x0 + _FACE_PX, y0 + 1.3 * _FACE_PX), score=0.9)
