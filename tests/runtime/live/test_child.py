from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from maskwatch.errors import SourceCause
from maskwatch.frames.camera import LiveInput, live_input
from maskwatch.frames.sampling import Sampler
from maskwatch.runtime.live.child import DecoderFailed, DecoderProcess, Taken
from maskwatch.runtime.live.messages import StreamOpened
from tests.runtime.processes import (
    PATIENCE_S,
    is_running,
    order,
    read_on,
    run_program,
    shared_memory_of,
    wait_until,
)
from tests.servers.local import dripping_server, silent_server

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def decoder() -> Iterator[DecoderProcess]:
    with closing(DecoderProcess(order())) as process:
        yield process


def pid_of(decoder: DecoderProcess) -> int:
    pid = decoder.pid
    assert pid is not None
    return pid


def frame_of(decoder: DecoderProcess) -> Taken:
    answer = decoder.next()
    assert isinstance(answer, Taken)
    return answer


def test_a_camera_opens_and_delivers(decoder: DecoderProcess) -> None:
    assert decoder.open() == StreamOpened(is_live=True, fps=25.0, frame_count=None)
    first, second = frame_of(decoder), frame_of(decoder)
    assert first.image.shape == (48, 64, 3)
    assert first.image.std() > 10
    assert second.index > first.index
    assert second.t > first.t
    assert second.captured_at > first.captured_at


def test_a_camera_on_its_side_is_turned() -> None:
    with closing(DecoderProcess(order(turn=90))) as decoder:
        decoder.open()
        assert frame_of(decoder).image.shape == (64, 48, 3)


def test_a_slow_reader_gets_the_newest_frame(decoder: DecoderProcess) -> None:
    decoder.open()
    first = frame_of(decoder)
    time.sleep(1.0)
    second = frame_of(decoder)
    asked = time.monotonic()
    third = frame_of(decoder)
    assert second.index - first.index > 5
    assert second.lost.dropped > 5
    # Those of the meantime, which is short unless the machine is busy.
    assert third.index - second.index < 10 + 25 * (time.monotonic() - asked)


def test_the_sampler_works_inside_the_process() -> None:
    with closing(DecoderProcess(order(sampler=Sampler(every=5)))) as decoder:
        decoder.open()
        assert [frame_of(decoder).index % 5 for _ in range(3)] == [0, 0, 0]


def test_few_wanted_frames_are_no_stall() -> None:
    # A frame is wanted every 2.4 s, later than the watchdog allows, but the camera is alive.
    sampler = Sampler(every=60)
    with closing(DecoderProcess(order(sampler=sampler, read_timeout_s=1.0))) as decoder:
        decoder.open()
        assert [frame_of(decoder).index for _ in range(2)] == [0, 60]


@linux_only
def test_a_stuck_process_is_killed() -> None:
    with closing(DecoderProcess(order(read_timeout_s=2.0))) as decoder:
        decoder.open()
        frame_of(decoder)
        os.kill(pid_of(decoder), signal.SIGSTOP)
        with pytest.raises(DecoderFailed, match="no frame for 2 s"):
            read_on(decoder)
        assert not is_running(pid_of(decoder))


@linux_only
def test_closing_gets_rid_of_a_stuck_process(decoder: DecoderProcess) -> None:
    decoder.open()
    pid = pid_of(decoder)
    os.kill(pid, signal.SIGSTOP)
    decoder.close()
    assert not is_running(pid)


@linux_only
def test_closing_ends_the_process_and_frees_its_memory(decoder: DecoderProcess) -> None:
    decoder.open()
    frame_of(decoder)
    pid = pid_of(decoder)
    memory = shared_memory_of(pid)
    assert memory
    assert not any(each.exists() for each in memory)  # else it would outlast both, once killed
    decoder.close()
    assert not is_running(pid)
    assert not {*memory} & {*shared_memory_of(os.getpid())}
    decoder.close()


def test_without_shared_memory_the_reason_is_told(
    decoder: DecoderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("maskwatch.runtime.live.memory.SharedMemory", fail)
    decoder.open()
    with pytest.raises(DecoderFailed, match="no shared memory: too many open files") as raised:
        decoder.next()
    assert raised.value.cause is SourceCause.NO_MEMORY


def test_closing_while_it_still_starts_is_fine(decoder: DecoderProcess) -> None:
    decoder.close()
    assert decoder.pid is None or not is_running(decoder.pid)


def test_closing_while_it_still_starts_prints_nothing(checkout: Path) -> None:
    program = (
        "from maskwatch.runtime.live.child import DecoderProcess\n"
        "from tests.runtime.processes import order\n"
        "for _ in range(3):\n"
        "    DecoderProcess(order()).close()\n"
    )
    ran = run_program(program, checkout, timeout_s=4 * PATIENCE_S)
    assert (ran.stdout, ran.stderr) == ("", "")


def test_a_process_that_died_is_reported(decoder: DecoderProcess) -> None:
    decoder.open()
    os.kill(pid_of(decoder), signal.SIGKILL)
    with pytest.raises(DecoderFailed, match=r"the decoder process died \(signal 9\)"):
        read_on(decoder)


def test_a_server_that_never_answers_is_left() -> None:
    with silent_server() as port:
        source = live_input(f"rtsp://127.0.0.1:{port}/cam")
        with (
            closing(DecoderProcess(order(source, open_timeout_s=0.5))) as decoder,
            pytest.raises(DecoderFailed, match=r"no answer within 0.5 s"),
        ):
            decoder.open()
        assert not is_running(pid_of(decoder))


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_server_that_never_answers_is_left_after_the_shorter_of_both_limits(scheme: str) -> None:
    with silent_server() as port:
        source = live_input(f"{scheme}://127.0.0.1:{port}/cam")
        with (
            closing(
                DecoderProcess(order(source, open_timeout_s=30, read_timeout_s=0.5))
            ) as decoder,
            pytest.raises(DecoderFailed, match=r"no answer within 0.5 s"),
        ):
            decoder.open()


def test_a_server_that_hangs_after_its_first_answer_is_not_called_damaged() -> None:
    answer = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n"
    with dripping_server(answer, b"") as port:
        source = live_input(f"rtsp://127.0.0.1:{port}/cam")
        with (
            closing(
                DecoderProcess(order(source, open_timeout_s=30, read_timeout_s=0.5))
            ) as decoder,
            pytest.raises(DecoderFailed, match=r"no answer within 0.5 s"),
        ):
            decoder.open()


@linux_only
def test_a_process_that_hangs_while_opening_is_killed() -> None:
    with silent_server() as port:
        source = live_input(f"rtsp://127.0.0.1:{port}/cam")
        with closing(DecoderProcess(order(source, open_timeout_s=1.0))) as decoder:
            # Frozen before FFmpeg's own timeout can strike.
            wait_until(lambda: decoder._pipe.poll())
            os.kill(pid_of(decoder), signal.SIGSTOP)
            with pytest.raises(DecoderFailed, match="no answer within 1 s"):
                decoder.open()
            assert not is_running(pid_of(decoder))


def test_a_device_that_does_not_exist() -> None:
    source = LiveInput("camera 99", "/dev/video99", "v4l2")
    with (
        closing(DecoderProcess(order(source))) as decoder,
        pytest.raises(DecoderFailed, match="no such file or device"),
    ):
        decoder.open()


@linux_only
@pytest.mark.parametrize("stuck", [False, True])
def test_no_process_outlives_a_parent_that_is_killed(checkout: Path, *, stuck: bool) -> None:
    command = [sys.executable, "-m", "tests.runtime.holds_a_camera"]
    with subprocess.Popen(
        command, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        if stuck:
            os.kill(pid, signal.SIGSTOP)
        parent.kill()
    assert wait_until(lambda: not is_running(pid))
