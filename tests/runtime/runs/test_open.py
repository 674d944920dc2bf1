from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from maskwatch.errors import ImageTooLarge, SourceError
from maskwatch.frames.discover import discover_all
from maskwatch.frames.sampling import Sampler
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


def test_the_pixel_limit_is_passed_on(tmp_path: Path) -> None:
    Image.new("RGB", (8, 6)).save(tmp_path / "a.png")
    (spec,) = discover_all([str(tmp_path / "a.png")]).specs
    with open_source(spec, max_pixels=47) as source, pytest.raises(ImageTooLarge):
        list(source)


def test_a_webcam_that_is_not_there() -> None:
    (spec,) = discover_all(["97"]).specs
    with pytest.raises(SourceError) as caught, open_source(spec):
        pass
    assert caught.value.source == "camera 97"
    assert "cannot be opened" in caught.value.reason
