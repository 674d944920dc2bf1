from __future__ import annotations

import numpy as np

from maskwatch.frames.deferred import DeferredFrame
from maskwatch.types import Frame, Image


def test_a_picture_is_made_when_first_asked_for_and_only_once() -> None:
    made = []

    def make() -> Image:
        made.append(1)
        return np.zeros((4, 6, 3), dtype=np.uint8)

    frame = DeferredFrame("clip.mp4", 3, 0.12, make)
    assert isinstance(frame, Frame)
    assert (frame.source, frame.index, frame.t, frame.captured_at) == ("clip.mp4", 3, 0.12, None)
    assert made == []
    assert frame.image.shape == (4, 6, 3)
    assert frame.image is frame.image
    assert made == [1]
