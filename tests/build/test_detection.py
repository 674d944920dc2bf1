from pathlib import Path

import pytest

from maskwatch.build.detection import build_detection
from maskwatch.build.models import BuildOptions, BuiltDetector
from maskwatch.frames.discover import SourceSpec
from maskwatch.frames.sniff import SourceKind
from maskwatch.runtime.runs.session import Sinks
from maskwatch.types import State
from tests.frames.clips import write_clip
from tests.painted import SquareDetector, paint_video


@pytest.mark.parametrize(
    ("wanted", "is_every_one"),
    [
        ({}, False),
        ({"writes_video": True}, True),
        ({"blur": True}, True),
        ({"needs_every_picture": True}, True),
    ],
)
def test_pictures_are_passed_over_only_where_nobody_sees_them(
    wanted: dict[str, bool], is_every_one: bool, tmp_path: Path
) -> None:
    path = write_clip(tmp_path / "a.mp4", 9, fps=25, codec="libx264", b_frames=2)
    spec = SourceSpec("clip", SourceKind.VIDEO, str(path))
    detection = build_detection(BuildOptions(threads=1), {spec.kind}, **wanted)
    with detection.open_source(spec) as source:
        assert all(frame.has_image for frame in source) is is_every_one


def test_what_was_loaded_once_looks_at_sources_several_times(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 5)
    detection = build_detection(BuildOptions(threads=1), {SourceKind.VIDEO})
    for _ in range(2):
        session = detection.session(detection.open_source, Sinks())
        summary = session.run([SourceSpec("clip", SourceKind.VIDEO, str(clip))])
        assert summary.sources[0].frames == 5


@pytest.mark.parametrize(("recommended", "people"), [(0.5, 1), (0.85, 0)])
def test_nobody_is_followed_below_the_score_that_the_detector_recommends(
    recommended: float, people: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = BuiltDetector(SquareDetector(0.8), recommended)
    monkeypatch.setattr("maskwatch.build.detection.build_detector", lambda *_, **__: built)
    clip = paint_video(tmp_path / "a.mp4", [[(State.MASK, 80, 120)]] * 20)
    detection = build_detection(BuildOptions(threads=1), {SourceKind.VIDEO})
    session = detection.session(detection.open_source, Sinks())
    summary = session.run([SourceSpec("clip", SourceKind.VIDEO, str(clip))])
    assert summary.total.people == people
