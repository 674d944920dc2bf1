from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from maskwatch.config.cameras import CameraConfig
from maskwatch.runtime.live.child import Taken
from maskwatch.runtime.live.messages import DecoderOrder, Ended, Lost, Still, StreamOpened
from maskwatch.runtime.monitoring.camera.capture import Capture
from tests.runtime.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence


class Connection:
    """Hands over its pictures, then has nothing more to say."""

    def __init__(self, pictures: Sequence[Taken]) -> None:
        self._pictures = list(pictures)

    def open(self) -> StreamOpened | Still:
        return StreamOpened(is_live=True, fps=16.0, frame_count=None)

    def next(self) -> Taken | Ended:
        return self._pictures.pop(0) if self._pictures else Ended(0)

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


def taken(index: int, *, skipped: int = 0, damaged: int = 0) -> Taken:
    image = np.full((8, 8, 3), index % 250, np.uint8)
    return Taken(index, index / 16, datetime.now(UTC), image, Lost(0, skipped, damaged))


def captured(pictures: Sequence[Taken]) -> Capture:
    """A camera of which these pictures have been read."""

    def connect(_: DecoderOrder) -> Connection:
        return Connection(pictures)

    config = CameraConfig(url="rtsp://192.0.2.1/cam", transport="udp", max_fps=8)
    capture = Capture("door", config, lambda _: None, connect=connect)
    capture.start()
    assert wait_until(lambda: capture.link.reason != "")
    capture.request_stop()
    assert capture.join(5.0)
    return capture


def test_the_share_of_damaged_pictures_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        capture = captured([taken(0), taken(9, damaged=2), taken(19, damaged=5)])
    assert capture.damaged == pytest.approx(5 / 20)
    (said,) = [each.getMessage() for each in caplog.records if "damaged" in each.getMessage()]
    assert said.startswith("camera door: 20 % of the pictures arrive damaged")
    assert said.endswith("transport: tcp loses none")


def test_a_camera_on_its_side_is_turned() -> None:
    orders = []

    def connect(order: DecoderOrder) -> Connection:
        orders.append(order)
        return Connection([])

    config = CameraConfig(url="rtsp://192.0.2.1/cam", turn=270)
    capture = Capture("door", config, lambda _: None, connect=connect)
    capture.start()
    assert wait_until(lambda: bool(orders))
    capture.request_stop()
    assert capture.join(5.0)
    assert orders[0].turn == 270


def test_whole_pictures_are_no_news(caplog: pytest.LogCaptureFixture) -> None:
    assert captured([taken(0), taken(1)]).damaged == 0
    assert not [each for each in caplog.records if "damaged" in each.getMessage()]


def test_what_there_was_no_time_to_decode_counts_as_offered_and_dropped() -> None:
    capture = captured([taken(0), taken(41, skipped=40)])
    assert capture.dropped - capture.mailbox.dropped == 40
    assert capture.offered.total == pytest.approx(2 + 40 * 8 / 16)
