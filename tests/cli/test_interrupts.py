from __future__ import annotations

import signal

import pytest

from maskwatch.cli.interrupts import CLOSING_S, Ending


def test_a_second_signal_does_not_disturb_the_closing_but_a_late_one_ends_it() -> None:
    times = iter([100.0, 100.0, 100.01, 99.9 + CLOSING_S, 100.0 + CLOSING_S])
    ending = Ending(lambda: next(times))
    with pytest.raises(KeyboardInterrupt):
        ending(signal.SIGINT, None)
    for _ in range(3):
        ending(signal.SIGTERM, None)
    with pytest.raises(KeyboardInterrupt):
        ending(signal.SIGINT, None)
