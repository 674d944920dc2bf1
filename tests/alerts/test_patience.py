from __future__ import annotations

import threading

import pytest

from maskwatch.alerts.patience import Patience
from maskwatch.errors import SnapshotDamaged
from tests.runtime.processes import wait_until


def test_what_a_call_yields_or_raises_is_passed_on() -> None:
    patience = Patience()
    assert patience.wait_for(lambda: 7) == 7

    def fail() -> None:
        raise SnapshotDamaged("it is gone")

    with pytest.raises(SnapshotDamaged, match="it is gone"):
        patience.wait_for(fail)


def test_who_hangs_is_waited_for_once_and_asked_again_when_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("maskwatch.alerts.patience.LIMIT_S", 0.1)
    patience, answers = Patience(), threading.Event()
    with pytest.raises(TimeoutError, match="has not answered"):
        patience.wait_for(answers.wait)
    with pytest.raises(TimeoutError, match="still does not answer"):
        patience.wait_for(lambda: 7)
    answers.set()

    def answers_again() -> bool:
        try:
            return patience.wait_for(lambda: True)
        except TimeoutError:
            return False

    assert wait_until(answers_again)
