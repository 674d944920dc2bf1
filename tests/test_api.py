import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import cv2
import numpy as np
import pytest
from PIL import Image

import maskwatch
from maskwatch.api import Model, annotate, as_bgr, load
from maskwatch.build.models import BuildOptions, BuiltDetector
from maskwatch.errors import ModelError, SourceError, SourceNotFound, UsageError
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch.pipeline import FrameResult
from maskwatch.runtime.live.child import _START_LIMIT_S
from maskwatch.testing import face_at, reading_of
from maskwatch.tracks.tracker import TrackerSettings
from maskwatch.types import Box, Face, Frame, MaskReading, State, Track, Verdict
from tests.painted import SquareClassifier, SquareDetector, paint_picture, paint_video, scene
from tests.servers.local import web_server

MASKED = (State.MASK, 80, 120)
BARE = (State.NO_MASK, 240, 120)


def model(score: float = 0.5) -> Model:
    tracking = TrackerSettings().starting_from(score)
    return Model(SquareDetector(), SquareClassifier(), tracking=tracking)


def states(readings: list) -> list[State]:
    return [reading.state for reading in readings]


def test_an_array_becomes_readings() -> None:
    readings = model().read(scene([MASKED, BARE]), colour="bgr")
    assert states(readings) == [State.MASK, State.NO_MASK]
    assert readings[0].face.box == Box(50, 90, 110, 150)


def test_the_order_of_channels_is_heeded() -> None:
    """Red in one order is blue in the other, and blue means "cannot tell" to the double."""
    rgb = scene([BARE])[:, :, ::-1]
    assert states(model().read(rgb, colour="rgb")) == [State.NO_MASK]
    assert states(model().read(rgb, colour="bgr")) == [State.UNKNOWN]


def test_weak_faces_are_left_out() -> None:
    assert model(score=0.95).read(scene([MASKED]), colour="bgr") == []


@pytest.mark.parametrize(
    ("image", "colour", "reason"),
    [
        (np.zeros((4, 4, 3), np.uint8), "hsv", "colour must be 'rgb' or 'bgr', got 'hsv'"),
        (np.zeros((4, 4, 3), np.float32), "rgb", "image must be uint8 .* got float32"),
        (np.zeros((4, 4, 4), np.uint8), "rgb", r"image must have shape .* got \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), "rgb", r"image must have shape .* got \(0, 4, 3\)"),
        (np.zeros((2, 4, 4, 3), np.uint8), "bgr", r"image must have shape"),
        (Image.new("RGB", (4, 4)), "rgb", "image must be a numpy array, got Image; np.asarray"),
        ([[[0, 0, 0]]], "rgb", "image must be a numpy array, got list"),
        (None, "rgb", "image must be a numpy array, got NoneType"),
    ],
)
def test_what_is_no_image_is_refused(image: Any, colour: Any, reason: str) -> None:
    for use in (as_bgr, model().read, lambda image, colour: annotate(image, [], colour=colour)):
        with pytest.raises(UsageError, match=reason):
            use(image, colour=colour)


@pytest.mark.parametrize("found", [None, [None], ["face"], 3])
def test_only_readings_and_tracks_are_annotated(found: Any) -> None:
    with pytest.raises(UsageError, match="found must be a list of readings or tracks"):
        annotate(scene([MASKED]), found, colour="bgr")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"score": 2.0}, "score must be a number, 0 to 1, got 2.0"),
        ({"score": float("nan")}, "score must be a number, 0 to 1, got nan"),
        ({"score": "0.5"}, "score must be a number, 0 to 1, got '0.5'"),
        ({"threads": 0}, "threads must be a whole number, 1 to 256, got 0"),
        ({"threads": -1}, "threads must be a whole number, 1 to 256, got -1"),
        ({"threads": 1.5}, "threads must be a whole number, 1 to 256, got 1.5"),
        ({"threads": np.array([1, 2])}, "threads must be a whole number, 1 to 256"),
        ({"score": np.array([0.1, 0.2])}, "score must be a number, 0 to 1"),
        ({"device": "tpu"}, "no device is called 'tpu'"),
        ({"detector_folder": b"x"}, "detector_folder must be text or a pathlib.Path, got bytes"),
        ({"classifier_folder": 3}, "classifier_folder must be text or a pathlib.Path, got int"),
    ],
)
def test_arguments_of_load_that_make_no_sense_are_named(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        load(**wrong)


@pytest.mark.parametrize("kind", [str, Path])
def test_a_folder_of_a_model_may_be_text(tmp_path: Path, kind: Callable[[Path], Any]) -> None:
    load(detector_folder=kind(DEFAULT_DETECTOR), classifier_folder=kind(DEFAULT_CLASSIFIER))
    with pytest.raises(ModelError, match=str(tmp_path)):
        load(classifier_folder=kind(tmp_path))


def test_grey_is_taken_too() -> None:
    assert as_bgr(np.full((2, 3), 7, np.uint8), "rgb").tolist() == [[[7] * 3] * 3] * 2


def test_files_are_read(tmp_path: Path) -> None:
    assert states(model().read_file(paint_picture(tmp_path / "a.png", [MASKED]))) == [State.MASK]
    with pytest.raises(SourceNotFound, match=r"gone\.png: no such file"):
        model().read_file(tmp_path / "gone.png")
    (tmp_path / "pair").mkdir()
    for name in ("a.png", "b.png"):
        paint_picture(tmp_path / "pair" / name, [MASKED])
    with pytest.raises(UsageError, match="2 sources, give one"):
        model().read_file(tmp_path / "pair")


def test_a_video_is_not_taken_for_a_picture(tmp_path: Path) -> None:
    """A camera would never end, and the faces of a clip would come without their frames."""
    for source in (paint_video(tmp_path / "a.mp4", [[MASKED]] * 3), "0"):
        with pytest.raises(UsageError, match="is not a picture: use read_video"):
            model().read_file(source)


@pytest.mark.parametrize("address", ["rtsp://127.0.0.1/live", "http://127.0.0.1/a.jpg"])
def test_an_address_is_no_file_whatever_is_behind_it(address: str) -> None:
    with pytest.raises(UsageError, match=f"{address} is an address, not a file: use read_video"):
        model().read_file(address)


@pytest.mark.parametrize("path", [b"a.png", None, 1.5, np.zeros((4, 4, 3), np.uint8)])
def test_a_path_is_text(path: Any) -> None:
    for read in (model().read_file, model().read_video):
        with pytest.raises(UsageError, match=f"path.*got {type(path).__name__}"):
            read(path)


def test_a_webcam_may_be_given_by_its_number() -> None:
    for number in (987, np.int64(987)):
        with pytest.raises(SourceError, match="987"):
            next(model().read_video(number))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"every": 0}, "every must be"),
        ({"every": "2"}, "got '2'"),
        ({"max_fps": 0}, "max_fps"),
        ({"looks": 10}, "looks must be a LookSettings, got 10"),
        ({"turn": 45}, "turn must be 0, 90, 180 or 270, got 45"),
        ({"looks": 0}, "got 0"),  # it is no None either
    ],
)
def test_what_makes_no_sense_of_a_video_is_told_at_the_call(
    tmp_path: Path, wrong: dict[str, Any], reason: str
) -> None:
    path = paint_video(tmp_path / "a.mp4", [[MASKED]])
    with pytest.raises(UsageError, match=reason):
        model().read_video(path, **wrong)


SCRIPT = """
import maskwatch
print("begins", flush=True)
model = maskwatch.load(threads=1)
try:
    next(model.read_video("http://127.0.0.1:1/x"))
except maskwatch.SourceError as error:
    print(error.reason, flush=True)
for frame, result in model.read_video(ADDRESS):
    print(frame.image.shape, flush=True)
"""
"""As people write them, without ``if __name__ == "__main__"``."""


@pytest.mark.parametrize("way", ["file", "standard input", "module", "without a server"])
def test_a_script_that_watches_an_address_runs_once(tmp_path: Path, way: str) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    script = tmp_path / "script.py"
    environment = dict(os.environ)
    if way == "without a server":
        folder = tmp_path / ("x" * 120)  # no socket can have so long a name
        folder.mkdir()
        environment["TMPDIR"] = str(folder)
    with web_server(tmp_path) as server:
        script.write_text(SCRIPT.replace("ADDRESS", repr(f"{server.url}/a.png")))
        arguments = {"standard input": ["-"], "module": ["-m", "script"]}.get(way, [str(script)])
        began = time.monotonic()
        ran = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            input=script.read_text() if way == "standard input" else "",
            capture_output=True,
            text=True,
            timeout=100,
        )
    assert ran.stdout.splitlines() == [
        "begins",
        "cannot be opened: connection refused: nothing answers there",
        "(48, 64, 3)",
    ], ran.stderr
    assert time.monotonic() - began < _START_LIMIT_S  # nobody waited for a helper in vain


def test_who_stops_before_the_end_of_a_video_can_let_go_of_it(tmp_path: Path) -> None:
    path = paint_video(tmp_path / "a.mp4", [[MASKED]] * 30)
    before = set(threading.enumerate())
    frames = model().read_video(path)
    with closing(frames):
        next(frames)
    assert set(threading.enumerate()) <= before
    assert list(frames) == []
    # Otherwise type checkers say that there is no `close`.
    assert get_origin(get_type_hints(Model.read_video)["return"]) is Generator


def test_people_of_a_video_are_followed(tmp_path: Path) -> None:
    path = paint_video(tmp_path / "a.mp4", [[MASKED, BARE]] * 20)
    seen = list(model().read_video(path, every=2))
    assert [frame.index for frame, _ in seen] == list(range(0, 20, 2))
    last = seen[-1][1]
    assert [(track.id, track.verdict.state) for track in last.tracks] == [
        (1, State.MASK),
        (2, State.NO_MASK),
    ]


def test_videos_are_looked_at_as_often_as_asked_for(tmp_path: Path) -> None:
    class Counting(SquareDetector):
        looks = 0

        def __call__(self, frame: Frame) -> list[Face]:
            self.looks += 1
            return super().__call__(frame)

    path = paint_video(tmp_path / "a.mp4", [[MASKED]] * 60, fps=30)
    counts = []
    for looks in (
        None,
        maskwatch.LookSettings(interval_s=0.5),
        maskwatch.LookSettings(interval_s=0),
    ):
        detector = Counting()
        list(Model(detector, SquareClassifier()).read_video(path, looks=looks))
        counts.append(detector.looks)
    assert counts[1] < counts[0] < counts[2] == 60
    frames = model().read_video(path, max_fps=5)
    assert [frame.index for frame, _ in frames] == list(range(0, 60, 6))


def test_models_are_run_as_load_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[BuildOptions] = []

    def detector(options: BuildOptions, **_: object) -> BuiltDetector:
        asked.append(options)
        return BuiltDetector(SquareDetector(), 0.5)

    def classifier(options: BuildOptions) -> SquareClassifier:
        asked.append(options)
        return SquareClassifier()

    monkeypatch.setattr("maskwatch.api.build_detector", detector)
    monkeypatch.setattr("maskwatch.api.build_classifier", classifier)
    load(threads=3, device="cuda", detector_folder="faces", classifier_folder=Path("masks"))
    assert asked == [BuildOptions("yunet", Path("faces"), Path("masks"), 3, "cuda")] * 2


def test_the_score_that_was_asked_for_holds_for_videos_too(tmp_path: Path) -> None:
    """As `maskwatch detect --score` has it."""
    path = paint_video(tmp_path / "a.mp4", [[MASKED]] * 20)
    for score, people in ((0.5, 1), (0.95, 0)):
        results = [result for _, result in model(score).read_video(path)]
        assert len(results[-1].tracks) == people
        assert len(results[-1].readings) == people


def test_threads_may_share_a_model(checkout: Path) -> None:
    shared = load(threads=1)
    states = cv2.imread(str(checkout / "samples" / "states.jpg"))
    pictures = [states, states[:, :640], cv2.resize(states, None, fx=0.5, fy=0.5)]

    def read(number: int) -> list[MaskReading]:
        return shared.read(pictures[number], colour="bgr")

    def follow(_: int = 0) -> list[FrameResult]:
        clip = checkout / "samples" / "clip.mp4"
        return [result for _, result in shared.read_video(clip, max_fps=2)]

    alone, followed = [read(0), read(1), read(2)], follow()
    with ThreadPoolExecutor(4) as threads:
        videos, together = threads.map(follow, range(2)), threads.map(read, [0, 1, 2] * 5)
        assert list(together) == alone * 5
        assert list(videos) == [followed] * 2
    assert min(map(len, alone)) > 0


def test_load_passes_the_score_on_to_videos() -> None:
    clip = Path(__file__).parents[1] / "samples" / "clip.mp4"
    seen = list(load(score=0.999, threads=1).read_video(clip, max_fps=5))
    assert len(seen) > 10
    assert [result.readings for _, result in seen] == [()] * len(seen)


@pytest.mark.parametrize(("threads", "others"), [(1, False), (2, True), (None, True)])
def test_with_one_thread_nothing_is_decoded_ahead(
    tmp_path: Path, threads: int | None, others: bool
) -> None:
    path = paint_video(tmp_path / "a.mp4", [[MASKED]] * 30)
    before = set(threading.enumerate())
    frames = Model(SquareDetector(), SquareClassifier(), threads).read_video(path)
    next(frames)
    assert bool(set(threading.enumerate()) - before) == others
    assert len(list(frames)) == 29


def test_annotation_keeps_the_order_of_channels_and_the_image() -> None:
    rgb = np.full((120, 160, 3), 90, np.uint8)
    reading = reading_of(face_at(80, 70, 60), State.NO_MASK)
    drawn = annotate(rgb, [reading], colour="rgb")
    assert drawn[70, 50].tolist() == [205, 25, 25]
    assert annotate(rgb, [reading], colour="bgr")[70, 50].tolist() == [25, 25, 205]
    assert (rgb == 90).all()


def test_tracks_are_annotated_with_their_verdict_and_faces_can_be_hidden() -> None:
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    reading = reading_of(face_at(80, 70, 60), State.NO_MASK)
    track = Track(1, "clip", reading, Verdict(State.MASK), 0.0, 1.0)
    drawn = annotate(image, [track], colour="bgr", blur=True)
    assert drawn[70, 50].tolist() == [100, 125, 0]
    assert len(np.unique(drawn[60:80, 60:100].reshape(-1, 3), axis=0)) < 20


def test_the_package_offers_it() -> None:
    assert maskwatch.annotate is annotate
    assert maskwatch.Model is Model
