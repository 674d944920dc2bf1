from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from maskwatch.errors import SourceError
from maskwatch.frames.discover import discover_all
from maskwatch.frames.sampling import Sampler
from maskwatch.runtime.live.source import LiveOptions
from maskwatch.runtime.runs.open import open_source
from tests.frames.clips import write_clip


def test_files_open_as_what_they_hold(tmp_path: Path) -> None:
    Image.new("RGB", (8, 6)).save(tmp_path / "b.png")
    write_clip(tmp_path / "a.mp4", 5)
    counts = {}
    for spec in discover_all([str(tmp_path)]).specs:
        with open_source(spec, sampler=Sampler(every=2)) as source:
            counts[source.name] = [frame.index for frame in source]
    assert counts == {f"{tmp_path}/a.mp4": [0, 2, 4], f"{tmp_path}/b.png": [0]}


def test_a_webcam_that_is_not_there() -> None:
    (spec,) = discover_all(["97"]).specs
    with pytest.raises(SourceError) as caught, open_source(spec):
        pass
    assert caught.value.source == "camera 97"
    assert "cannot be opened" in caught.value.reason


def test_the_sampler_and_the_turn_reach_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}

    def noted(source: object, **options: object) -> None:
        made.update(options, source=source)

    monkeypatch.setattr("maskwatch.runtime.live.source.LiveSource", noted)
    (spec,) = discover_all(["rtsp://10.0.0.7/door"]).specs
    sampler = Sampler(max_fps=2)
    open_source(spec, sampler=sampler, turn=90)
    assert made["source"].url == "rtsp://10.0.0.7/door"
    assert made["sampler"] is sampler
    assert made["options"] == LiveOptions(turn=90)
