"""What is asked while something hangs is answered in time."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from maskwatch.patience import Overdue, Patience
from tests.runtime.processes import wait_until

PATIENCE_S = 60


def test_what_a_call_returns_or_raises_comes_back() -> None:
    patience = Patience(PATIENCE_S)
    assert patience.ask(lambda: 7) == 7

    def fail() -> None:
        raise TimeoutError("of the call itself")

    with pytest.raises(TimeoutError, match="of the call itself"):
        patience.ask(fail)


def test_while_an_answer_is_overdue_nothing_more_is_asked() -> None:
    patience = Patience(0.05)
    goes_on, asked = threading.Event(), threading.Event()
    with pytest.raises(Overdue, match=r"has not answered for 0\.05 s"):
        patience.ask(lambda: goes_on.wait(PATIENCE_S))
    with pytest.raises(Overdue, match="still does not answer"):
        patience.ask(asked.set)
    assert not asked.is_set()

    def is_asked_again() -> bool:
        with suppress(Overdue):
            patience.ask(asked.set)
        return asked.is_set()

    goes_on.set()
    assert wait_until(is_asked_again)


def test_of_many_who_ask_at_once_one_alone_can_hang() -> None:
    patience, goes_on = Patience(0.2), threading.Event()
    made, overdue = [], []

    def hang() -> None:
        made.append(threading.current_thread())
        goes_on.wait(PATIENCE_S)

    def ask() -> None:
        try:
            patience.ask(hang)
        except Overdue as error:
            overdue.append(str(error))

    askers = [threading.Thread(target=ask) for _ in range(20)]
    for each in askers:
        each.start()
    for each in askers:
        each.join(PATIENCE_S)
    assert (len(made), len(overdue)) == (1, 20)
    goes_on.set()


def test_those_who_ask_at_once_are_all_answered() -> None:
    patience = Patience(PATIENCE_S)
    answers: list[int] = []

    def ask(number: int) -> None:
        answers.append(patience.ask(lambda: number))

    askers = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for each in askers:
        each.start()
    for each in askers:
        each.join(PATIENCE_S)
    assert sorted(answers) == list(range(20))


def test_a_call_that_no_thread_can_be_started_for_keeps_no_other_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patience = Patience(PATIENCE_S)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuse)
        with pytest.raises(Overdue, match="cannot be asked: can't start new thread"):
            patience.ask(lambda: 7)
    assert patience.ask(lambda: 7) == 7
