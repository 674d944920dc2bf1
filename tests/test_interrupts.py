from __future__ import annotations

import signal
import sys

import pytest

from maskwatch.interrupts import CLOSING_S, Ending, ended_by_signals

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")


def test_a_second_signal_does_not_disturb_the_closing_but_a_late_one_ends_it() -> None:
    times = iter([100.0, 100.0, 100.01, 99.9 + CLOSING_S, 100.0 + CLOSING_S])
    ending = Ending(lambda: next(times))
    with pytest.raises(KeyboardInterrupt):
        ending(signal.SIGINT, None)
    for _ in range(3):
        ending(signal.SIGTERM, None)
    with pytest.raises(KeyboardInterrupt):
        ending(signal.SIGINT, None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_of_the_signals_ends_the_block_and_is_as_before_after_it(
    number: signal.Signals,
) -> None:
    was = signal.signal(number, signal.default_int_handler)  # ignored, say, under nohup
    try:
        with pytest.raises(KeyboardInterrupt), ended_by_signals():
            signal.raise_signal(number)
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, was)


@ended_by_signals()
def load(*, interrupted: bool) -> None:
    """As ONNX Runtime, which says of each exception while it is loaded that it was its own."""
    try:
        if interrupted:
            signal.raise_signal(signal.SIGTERM)
    finally:
        raise ImportError("initialization failed")


def test_what_an_interruption_is_made_into_is_still_one() -> None:
    with pytest.raises(KeyboardInterrupt):
        load(interrupted=True)
    with pytest.raises(ImportError):
        load(interrupted=False)


def test_a_run_under_nohup_outlives_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
