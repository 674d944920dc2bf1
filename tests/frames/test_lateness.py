from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from maskwatch.frames.lateness import CatchUp, Lateness

FRAME_S = 0.04


class Reader:
    """Reads a scripted stream on a clock of its own.

    Args:
        stamps: of each packet, in seconds.
        arrivals: when each has come.
        work_s: what each takes to be decoded.
    """

    def __init__(
        self, stamps: list[float | None], arrivals: list[float], work_s: Callable[[int], float]
    ) -> None:
        self._packets = list(zip(stamps, arrivals, strict=True))
        self._work_s = work_s
        self.now = 0.0

    def __iter__(self) -> Iterator[tuple[float | None, float, float, float]]:
        """(stamp, asked, came, how late in truth) of each packet."""
        for i, (stamp, arrival) in enumerate(self._packets):
            asked = self.now
            self.now = max(asked, arrival)
            came = self.now
            self.is_wanted = True
            yield stamp, asked, came, came - arrival
            if self.is_wanted:
                self.now += self._work_s(i)


def even(count: int, step_s: float = FRAME_S) -> list[float]:
    return [i * step_s for i in range(count)]


def lateness_of(reader: Reader) -> list[float]:
    lateness, found = Lateness(), []
    for stamp, asked, came, _ in reader:
        lateness.update(stamp, asked, came)
        found.append(lateness.late_s)
    return found


def test_who_works_longer_than_a_packet_lasts_falls_behind_by_the_difference() -> None:
    reader = Reader([*even(500)], even(500), lambda _: 0.06)
    lateness = Lateness()
    for stamp, asked, came, truth in reader:
        lateness.update(stamp, asked, came)
        assert lateness.late_s == pytest.approx(truth, abs=1e-6)
    assert lateness.late_s == pytest.approx(499 * 0.02)


def test_a_backlog_is_worked_off() -> None:
    found = lateness_of(Reader([*even(500)], even(500), lambda i: 0.2 if i < 10 else 0.01))
    assert max(found) == pytest.approx(1.6)
    assert found[-1] == 0


@pytest.mark.parametrize("drift", [0.99, 1.01, 0.4, 2.5])
def test_a_camera_whose_clock_runs_wrong_makes_nobody_late(drift: float) -> None:
    stamps: list[float | None] = [t * drift for t in even(30_000)]
    assert max(lateness_of(Reader(stamps, even(30_000), lambda _: 0.01))) == 0


@pytest.mark.parametrize("jump_s", [-3600.0, -0.5, 3600.0])
def test_time_stamps_that_jump_make_nobody_late_and_hide_no_backlog(jump_s: float) -> None:
    def stamps() -> list[float | None]:
        return [t + (jump_s if i >= 100 else 0.0) for i, t in enumerate(even(200))]

    assert max(lateness_of(Reader(stamps(), even(200), lambda _: 0.01))) == 0
    found = lateness_of(Reader(stamps(), even(200), lambda _: 0.06))
    assert found[-1] == pytest.approx(199 * 0.02, abs=0.05)


@pytest.mark.parametrize("stamps_go_on", [True, False])
def test_a_pause_makes_nobody_late(stamps_go_on: bool) -> None:
    arrivals = [t + (5.0 if i >= 50 else 0.0) for i, t in enumerate(even(100))]
    stamps: list[float | None] = [*(arrivals if stamps_go_on else even(100))]
    assert max(lateness_of(Reader(stamps, arrivals, lambda _: 0.01))) == 0


def test_packets_that_come_in_bursts_make_nobody_late_for_longer_than_a_burst_takes() -> None:
    arrivals = [i // 25 * 25 * FRAME_S for i in range(500)]
    assert max(lateness_of(Reader([*even(500)], arrivals, lambda _: 0.01))) == 0


def test_a_variable_frame_rate_makes_nobody_late() -> None:
    times = [i * FRAME_S if i < 100 else 100 * FRAME_S + (i - 100) * 3.0 for i in range(120)]
    assert max(lateness_of(Reader([*times], times, lambda _: 0.03))) == 0


def test_a_stream_without_time_stamps_is_never_called_late() -> None:
    assert max(lateness_of(Reader([None] * 100, even(100), lambda _: 1.0))) == 0


def test_who_was_late_is_not_called_so_once_packets_have_no_time_stamps() -> None:
    stamps: list[float | None] = [*even(100), *[None] * 10]
    found = lateness_of(Reader(stamps, even(110), lambda _: 0.06))
    assert found[99] > 1
    assert found[100:] == [0] * 10


def shown(count: int, key_every: int | None, work_s: float) -> list[tuple[int, float]]:
    """The packets that are decoded, each with how late it was in truth."""
    reader, catch_up, decoded = Reader([*even(count)], even(count), lambda _: work_s), CatchUp(), []
    for i, (stamp, asked, came, truth) in enumerate(reader):
        is_key = i == 0 or (key_every is not None and i % key_every == 0)
        reader.is_wanted = catch_up.wants(stamp, asked, came, is_key=is_key)
        if reader.is_wanted:
            assert catch_up.late_s == pytest.approx(truth, abs=1e-6)
            decoded.append((i, truth))
    return decoded


def test_who_is_in_time_decodes_everything() -> None:
    assert len(shown(1000, 50, 0.03)) == 1000


def test_who_is_too_slow_goes_on_from_key_frames_and_is_never_late_for_long() -> None:
    decoded = shown(3000, 50, 0.08)
    assert max(late_s for _, late_s in decoded) < 1.1
    assert 0.3 < len(decoded) / 3000 < 0.6
    after_a_gap = [b for (a, _), (b, _) in pairwise(decoded) if b != a + 1]
    assert after_a_gap
    assert all(each % 50 == 0 for each in after_a_gap)


def test_key_frames_that_are_ten_seconds_apart_still_show_something() -> None:
    decoded = shown(3000, 250, 0.08)
    assert max(late_s for _, late_s in decoded) < 1.1
    assert len(decoded) / 3000 > 0.08


def test_a_stream_without_key_frames_is_gone_on_with_after_a_while() -> None:
    decoded = shown(3000, None, 0.08)
    assert decoded[-1][0] > 2000
    assert max(late_s for _, late_s in decoded) < 1.1


def shown_without_stamps(frame_s: float, work_s: float) -> list[tuple[int, float]]:
    """As `shown`, of pictures that are all key frames and tell no times."""
    reader, catch_up = Reader([None] * 500, even(500, frame_s), lambda _: work_s), CatchUp()
    decoded = []
    for i, (stamp, asked, came, truth) in enumerate(reader):
        reader.is_wanted = catch_up.wants(stamp, asked, came, is_key=True)
        if reader.is_wanted:
            assert catch_up.late_s == 0
            decoded.append((i, truth))
    return decoded


def test_without_time_stamps_who_waits_for_packets_decodes_all_of_them() -> None:
    assert len(shown_without_stamps(0.2, 0.15)) == 500
    assert len(shown_without_stamps(0.01, 0.003)) == 500


def test_without_time_stamps_who_never_waits_passes_over_what_lies_there() -> None:
    decoded = shown_without_stamps(0.04, 0.1)
    assert max(late_s for _, late_s in decoded) < 1.1
    assert len(decoded) / 500 == pytest.approx(0.4, abs=0.1)
