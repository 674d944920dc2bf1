"""Waiting for what may never answer, but not for ever.

A share whose server is away neither answers nor fails, unless it was mounted so that it gives up;
nor does a database server in a machine that is paused.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

T = TypeVar("T")

PHOTO_LIMIT_S = 40.0
"""For the disk of the photos: more than a database that is away takes until it is given up."""


class Overdue(Exception):
    """No answer came in time; says it of whoever was asked, as in ``still does not answer``."""


class Patience:
    """Makes calls that may hang, one at a time, in threads of their own; for any number of threads.

    Args:
        limit_s: how long an answer is waited for, in seconds, the wait for one's turn included.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._turn = threading.Lock()
        self._overdue: Future[Any] | None = None

    def ask(self, call: Callable[[], T]) -> T:
        """What a call returns, or raises.

        Raises:
            Overdue: it takes too long, or an earlier one that did has not ended yet, or it cannot
                be made at all. A call goes on that nobody waits for any longer.
        """
        until = time.monotonic() + self._limit_s
        is_overdue = self._overdue is not None and not self._overdue.done()
        if not self._turn.acquire(timeout=0 if is_overdue else self._limit_s):
            raise Overdue("still does not answer")
        answer: Future[T] = Future()

        def make() -> None:
            try:
                answer.set_result(call())
            except Exception as error:  # noqa: BLE001 - hides nothing: whoever asked gets it
                answer.set_exception(error)
            finally:
                self._turn.release()

        try:
            # Of no pool: its threads would keep the program from ending.
            threading.Thread(target=make, name="question", daemon=True).start()
        except RuntimeError as error:
            self._turn.release()
            raise Overdue(f"cannot be asked: {error}") from error
        if not wait([answer], until - time.monotonic()).done:
            self._overdue = answer
            raise Overdue(f"has not answered for {self._limit_s:g} s")
        return answer.result()
