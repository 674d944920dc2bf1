"""Asking what may hang, such as a database server in a machine that is paused."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

from maskwatch.errors import StoreError

_Answer = TypeVar("_Answer")


class Patience:
    """Waits for an answer for a while only, and asks nothing more while one is overdue.

    Args:
        limit_s: how long, in seconds.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._overdue: Future[Any] | None = None

    def ask(self, question: Callable[[], _Answer]) -> _Answer:
        """What a question returns, or raises.

        Raises:
            StoreError: there is no answer in time, or none yet to an earlier question.
        """
        if self._overdue is not None and not self._overdue.done():
            raise StoreError("the database still does not answer")
        answer: Future[_Answer] = Future()
        # Of no pool: its threads would keep the program from ending.
        Thread(target=_find, args=(question, answer), name="question", daemon=True).start()
        try:
            return answer.result(self._limit_s)
        except TimeoutError:
            self._overdue = answer
            raise StoreError("the database does not answer") from None


def _find(question: Callable[[], _Answer], answer: Future[_Answer]) -> None:
    try:
        answer.set_result(question())
    except Exception as error:  # noqa: BLE001 - hides nothing: whoever asked gets it
        answer.set_exception(error)
