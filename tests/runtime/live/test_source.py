"""The reconnecting source over scripted connections: no process, no waiting."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from maskwatch.errors import SourceError, SourceLost, UnreadableImage
from maskwatch.frames.camera import LiveInput
from maskwatch.runtime.live.backoff import ReconnectPolicy
from maskwatch.runtime.live.child import DecoderFailed, Taken
from maskwatch.runtime.live.health import SourceHealth
from maskwatch.runtime.live.messages import DecoderOrder, Ended, Lost, Still, StreamOpened
from maskwatch.runtime.live.source import LiveOptions, LiveSource

MOMENT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
CAMERA = LiveInput("rtsp://a:***@h/cam", "rtsp://a:s3cret@h/cam")
LIVE = StreamOpened(is_live=True, fps=15.0, frame_count=None)
RECORDING = StreamOpened(is_live=False, fps=25.0, frame_count=3)

Step = StreamOpened | Still | Taken | Ended | str
"""What a scripted connection answers; a string is a failure."""


class ScriptedConnection:
    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = list(steps)
        self.closed = False

    def _step(self) -> Step:
        step = self.steps.pop(0)
        if isinstance(step, str):
            raise DecoderFailed(step)
        return step

    def open(self) -> StreamOpened | Still:
        step = self._step()
        assert isinstance(step, (StreamOpened, Still))
        return step

    def next(self) -> Taken | Ended:
        step = self._step()
        assert isinstance(step, (Taken, Ended))
        return step

    def close(self) -> None:
        self.closed = True


class Stage:
    """A source whose connections follow a script, with everything that it did."""

    def __init__(self, *connections: Sequence[Step], policy: ReconnectPolicy) -> None:
        self.waiting = [ScriptedConnection(steps) for steps in connections]
        self.used: list[ScriptedConnection] = []
        self.waits: list[float] = []
        self.health: list[SourceHealth] = []
        self.source = LiveSource(
            CAMERA,
            options=LiveOptions(reconnect=policy),
            on_health=self.health.append,
            connect=self.connect,
            wait=self.waits.append,
        )

    def connect(self, order: DecoderOrder) -> ScriptedConnection:
        assert order.source is CAMERA
        self.used.append(self.waiting.pop(0))
        return self.used[-1]

    @property
    def reports(self) -> list[tuple[str, str | None, int]]:
        return [(h.connection.value, h.reason, h.attempt) for h in self.health]


def policy(**changes: float) -> ReconnectPolicy:
    return ReconnectPolicy(**{"max_attempts": 2, "jitter": 0, "stable_s": 1e9, **changes})  # type: ignore[arg-type]


def frame(index: int, t: float, **lost: int) -> Taken:
    return Taken(index, t, MOMENT, np.full((2, 2, 3), index, np.uint8), Lost(**lost))


def test_frames_of_a_camera_carry_its_masked_name_and_time() -> None:
    stage = Stage([LIVE, frame(4, 1000.5), frame(9, 1002.0, dropped=7), Ended(0)], policy=policy())
    with stage.source as source:
        assert (source.is_live, source.fps, source.frame_count) == (True, 15.0, None)
        first, second = source
    assert (first.source, first.index, first.t, first.captured_at) == (CAMERA.name, 4, 0.0, MOMENT)
    assert (second.index, second.t) == (9, 1.5)
    assert int(second.image[0, 0, 0]) == 9
    assert source.lost == Lost(dropped=7)
    assert stage.reports == [("connected", None, 0)]
    assert stage.used[0].closed


def test_a_wrong_address_fails_at_once_with_its_reason() -> None:
    stage = Stage(["connection refused"], policy=policy())
    with pytest.raises(SourceError) as caught, stage.source:
        pass
    assert not isinstance(caught.value, SourceLost)
    assert caught.value.source == CAMERA.name
    assert caught.value.reason == "cannot be opened: connection refused"
    assert stage.reports == [("gone", "connection refused", 0)]
    assert stage.waits == []
    assert stage.used[0].closed


def test_the_first_connection_can_be_given_more_attempts() -> None:
    stage = Stage(["refused"], ["no answer"], [LIVE], policy=policy(first_attempts=3))
    with stage.source:
        pass
    assert stage.waits == [0.5, 1.0]
    assert stage.reports == [("lost", "refused", 1), ("lost", "no answer", 2)]


@pytest.mark.parametrize("opened", [LIVE, RECORDING])
def test_a_source_is_connected_from_its_first_frame_on(opened: StreamOpened) -> None:
    stage = Stage([opened, frame(0, 1.0), frame(1, 2.0), Ended(0)], policy=policy())
    with stage.source as source:
        assert stage.reports == []
        frames = iter(source)
        next(frames)
        assert stage.reports == [("connected", None, 0)]
        assert len(list(frames)) == 1
    assert len(stage.reports) == 1


def test_a_lost_camera_is_connected_again_and_counting_goes_on() -> None:
    stage = Stage(
        [LIVE, frame(0, 10.0), frame(5, 11.0, dropped=2), "no data for 10 s"],
        ["refused"],
        [LIVE, frame(0, 25.0), frame(1, 26.0, dropped=1), Ended(0)],
        policy=policy(),
    )
    with stage.source as source:
        frames = list(source)
    assert [(f.index, f.t) for f in frames] == [(0, 0.0), (5, 1.0), (6, 15.0), (7, 16.0)]
    assert source.lost == Lost(dropped=3)
    assert stage.waits == [0.5, 1.0]
    assert stage.reports == [
        ("connected", None, 0),
        ("lost", "no data for 10 s", 1),
        ("lost", "refused", 2),
        ("connected", None, 2),
    ]
    assert [h.retry_in_s for h in stage.health] == [None, 0.5, 1.0, None]
    assert all(connection.closed for connection in stage.used)


def test_what_was_left_out_is_counted_over_all_connections() -> None:
    early, late = frame(0, 10.0, skipped=1, damaged=2), frame(9, 11.0, skipped=3, damaged=4)
    stage = Stage(
        [LIVE, early, late, "no data for 10 s"],
        [LIVE, frame(0, 20.0, skipped=10, damaged=20), Ended(21)],
        policy=policy(),
    )
    with stage.source as source:
        assert len(list(source)) == 3
    assert source.lost == Lost(0, 13, 25)


def test_a_camera_that_does_not_come_back_is_lost_for_good() -> None:
    stage = Stage([LIVE, frame(0, 1.0), "the stream has ended"], ["no"], ["never"], policy=policy())
    with stage.source as source:
        frames = iter(source)
        assert next(frames).index == 0
        with pytest.raises(SourceLost) as caught:
            next(frames)
    assert caught.value.source == CAMERA.name
    assert caught.value.reason == "the stream has ended; 2 attempts to reconnect failed (never)"
    assert stage.reports[-1] == ("gone", "never", 2)
    assert all(connection.closed for connection in stage.used)


def test_without_attempts_the_loss_is_final() -> None:
    stage = Stage([LIVE, "unplugged"], policy=policy(max_attempts=0))
    with stage.source as source, pytest.raises(SourceLost) as caught:
        list(source)
    assert caught.value.reason == "unplugged"
    assert stage.waits == []


def test_a_camera_that_comes_and_goes_is_given_up() -> None:
    # Each connection delivers, but never for long.
    flaky = [[LIVE, frame(0, float(i)), f"loss {i}"] for i in range(3)]
    stage = Stage(*flaky, policy=policy())
    with stage.source as source, pytest.raises(SourceLost, match="loss 2; 2 attempts"):
        list(source)
    assert len(stage.used) == 3


def test_a_connection_that_held_makes_attempts_count_from_nought() -> None:
    good = [[LIVE, frame(0, 60.0 * i), frame(1, 60.0 * i + 10), f"loss {i}"] for i in range(6)]
    stage = Stage(*good, [LIVE, Ended(0)], policy=policy(stable_s=10))
    with stage.source as source:
        assert len(list(source)) == 12
    assert stage.waits == [0.5] * 6


def test_a_connection_without_frames_never_counts_as_one_that_held() -> None:
    # Even where nothing else is asked of one, as the wait for a frame takes longer than any limit.
    silent = [[LIVE, "no data for 10 s"] for _ in range(3)]
    stage = Stage(*silent, policy=policy(stable_s=0))
    with stage.source as source, pytest.raises(SourceLost, match="2 attempts"):
        list(source)
    assert stage.waits == [0.5, 1.0]
    assert stage.reports[-1] == ("gone", "no data for 10 s", 2)


def test_a_stream_that_is_a_recording_when_it_comes_back_has_ended() -> None:
    # A live playlist that is finished starts anew, on a clock of its own.
    stage = Stage(
        [LIVE, frame(0, 1000.0), frame(1, 1000.1), "the stream has ended"],
        [RECORDING, frame(0, 0.0), Ended(0)],
        policy=policy(),
    )
    with stage.source as source:
        assert [each.t for each in source] == pytest.approx([0.0, 0.1])
    assert stage.reports == [
        ("connected", None, 0),
        ("lost", "the stream has ended", 1),
        ("ended", "the stream has ended", 1),
    ]
    assert all(connection.closed for connection in stage.used)


def test_a_camera_that_shows_a_picture_while_it_starts_is_tried_again() -> None:
    stage = Stage(
        [LIVE, frame(0, 10.0), "the connection was cut"],
        [Still(b"one moment please")],
        [LIVE, frame(0, 15.0), Ended(0)],
        policy=policy(),
    )
    with stage.source as source:
        assert [each.t for each in source] == [0.0, 5.0]
        assert source.is_live
    assert stage.waits == [0.5, 1.0]
    assert stage.reports[1:] == [
        ("lost", "the connection was cut", 1),
        ("lost", "a single picture is there instead of the live stream", 2),
        ("connected", None, 2),
    ]
    assert all(connection.closed for connection in stage.used)


def test_a_recording_is_read_to_its_end() -> None:
    stage = Stage([RECORDING, *(frame(i, i / 25) for i in range(3)), Ended(4)], policy=policy())
    with stage.source as source:
        assert (source.is_live, source.fps, source.frame_count) == (False, 25.0, 3)
        frames = list(source)
    assert [(f.index, f.t, f.captured_at) for f in frames] == [
        (0, 0.0, None),
        (1, 0.04, None),
        (2, 0.08, None),
    ]
    assert source.damaged == 4


def test_a_recording_that_breaks_off_is_not_started_again() -> None:
    stage = Stage([RECORDING, frame(0, 0.0), "the connection was cut"], policy=policy())
    with stage.source as source, pytest.raises(SourceLost, match="the connection was cut"):
        list(source)
    assert len(stage.used) == 1


def test_a_picture_behind_a_url_is_one_upright_frame() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.new("RGB", (6, 2), (10, 20, 30)).save(file, "PNG", exif=exif)
    stage = Stage([Still(file.getvalue())], policy=policy())
    with stage.source as source:
        assert (source.is_live, source.fps, source.frame_count) == (False, None, 1)
        (only,) = source
    assert only.image.shape == (6, 2, 3)
    assert only.image[0, 0].tolist() == [30, 20, 10]
    assert (only.index, only.t, only.source) == (0, 0.0, CAMERA.name)


def test_a_picture_behind_a_url_is_turned_too() -> None:
    file = io.BytesIO()
    Image.new("RGB", (6, 2)).save(file, "PNG")

    def connect(order: DecoderOrder) -> ScriptedConnection:
        assert order.turn == 90
        return ScriptedConnection([Still(file.getvalue())])

    with LiveSource(CAMERA, options=LiveOptions(turn=90), connect=connect) as source:
        (only,) = source
    assert only.image.shape == (6, 2, 3)


def test_a_damaged_picture_behind_a_url_names_it() -> None:
    stage = Stage([Still(b"\xff\xd8\xff nothing")], policy=policy())
    with stage.source as source, pytest.raises(UnreadableImage) as caught:
        list(source)
    assert caught.value.source == CAMERA.name


def test_iterating_without_opening_is_a_mistake_of_the_caller() -> None:
    stage = Stage(policy=policy())
    with pytest.raises(RuntimeError, match="with"):
        next(iter(stage.source))
