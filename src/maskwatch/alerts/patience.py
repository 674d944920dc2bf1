"""Waiting for a disk that may never answer, but not for ever.

A share whose server is away neither answers nor fails, unless it was mounted so that it gives up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

LIMIT_S = 40.0
"""More than a database that is away takes until it is given up."""


class Patience:
    """Makes calls that may hang in threads of their own; for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._overdue: list[Future[Any]] = []

    def wait_for(self, call: Callable[[], T]) -> T:
        """What a call yields, or raises.

        Raises:
            TimeoutError: it takes too long, or an earlier one that did has not ended yet. A call
                goes on that nobody waits for any longer.
            OSError: it cannot be made at all.
        """
        with self._lock:
            self._overdue = [each for each in self._overdue if not each.done()]
            if self._overdue:
                raise TimeoutError("the disk still does not answer")
        answer: Future[T] = Future()

        def make() -> None:
            try:
                answer.set_result(call())
            except Exception as error:  # noqa: BLE001 - whoever waits for the answer gets it
                answer.set_exception(error)

        try:
            threading.Thread(target=make, name="patience", daemon=True).start()
        except RuntimeError as error:
            raise OSError(f"no answer can be waited for: {error}") from error
        try:
            return answer.result(LIMIT_S)
        except TimeoutError as error:
            if answer.done():
                raise
            with self._lock:
                self._overdue.append(answer)
            raise TimeoutError(f"the disk has not answered for {LIMIT_S:g} s") from error
