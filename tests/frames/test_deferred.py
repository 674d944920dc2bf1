from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable

import numpy as np
import pytest

from maskwatch.frames.deferred import DeferredFrame, PassedFrame
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
    assert frame.has_image
    assert frame.image.shape == (4, 6, 3)
    assert frame.image is frame.image
    assert made == [1]


def sent(frame: Frame) -> Frame:
    received: Frame = pickle.loads(pickle.dumps(frame))  # noqa: S301 - our own
    return received


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, sent])
def test_a_copy_is_a_frame_with_its_picture(copied: Callable[[Frame], Frame]) -> None:
    """Such as one that goes to a pool of processes; what makes the picture cannot go along."""
    lock = threading.Lock()

    def make() -> Image:
        with lock:
            return np.full((4, 6, 3), 7, dtype=np.uint8)

    frame = copied(DeferredFrame("clip.mp4", 3, 0.12, make))
    assert (frame.source, frame.index, frame.t, frame.captured_at) == ("clip.mp4", 3, 0.12, None)
    assert (frame.image == 7).all()


def test_a_frame_that_was_passed_over_has_a_time_and_no_picture() -> None:
    frame = PassedFrame("clip.mp4", 3, 0.12)
    assert isinstance(frame, Frame)
    assert (frame.source, frame.index, frame.t, frame.captured_at) == ("clip.mp4", 3, 0.12, None)
    assert not frame.has_image
    with pytest.raises(LookupError, match=r"frame 3 of clip\.mp4 was not decoded"):
        _ = frame.image
