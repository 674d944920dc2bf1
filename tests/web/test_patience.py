"""What is asked while something hangs is answered in time."""

from __future__ import annotations

from contextlib import suppress
from threading import Event

import pytest

from maskwatch.errors import StoreError
from maskwatch.web.patience import Patience
from tests.runtime.processes import wait_until

PATIENCE_S = 60


def test_an_answer_or_an_error_comes_back() -> None:
    patience = Patience(PATIENCE_S)
    assert patience.ask(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        patience.ask(lambda: 1 / 0)


def test_while_an_answer_is_overdue_nothing_more_is_asked() -> None:
    patience = Patience(0.05)
    goes_on, asked = Event(), Event()
    with pytest.raises(StoreError, match="does not answer"):
        patience.ask(lambda: goes_on.wait(PATIENCE_S))
    with pytest.raises(StoreError, match="still does not answer"):
        patience.ask(asked.set)
    assert not asked.is_set()

    def is_asked_again() -> bool:
        with suppress(StoreError):
            patience.ask(asked.set)
        return asked.is_set()

    goes_on.set()
    assert wait_until(is_asked_again)
