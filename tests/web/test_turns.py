"""Turns are taken one at a time, and not by everybody."""

from __future__ import annotations

from queue import Queue
from threading import Event, Thread

from maskwatch.errors import Throttled
from maskwatch.web.turns import Turns

PATIENCE_S = 60


def test_of_those_who_come_during_a_turn_one_waits_and_one_is_sent_away() -> None:
    turns = Turns("reports at once", waiting=1)
    begun, over = Event(), Event()
    told: Queue[str] = Queue()

    def holds() -> None:
        with turns.taken():
            begun.set()
            assert over.wait(PATIENCE_S)
            told.put("first is over")

    def comes() -> None:
        try:
            with turns.taken():
                told.put("second had its turn")
        except Throttled as error:
            told.put(str(error))

    threads = [Thread(target=holds)]
    threads[0].start()
    assert begun.wait(PATIENCE_S)
    threads += [Thread(target=comes), Thread(target=comes)]
    for each in threads[1:]:
        each.start()
    assert told.get(timeout=PATIENCE_S) == "too many reports at once: wait 10 s"
    over.set()
    assert [told.get(timeout=PATIENCE_S) for _ in range(2)] == [
        "first is over",
        "second had its turn",
    ]
    for each in threads:
        each.join()


def test_a_turn_that_fails_is_over() -> None:
    turns = Turns("reports at once", waiting=0)
    for _ in range(2):
        try:
            with turns.taken():
                raise ValueError
        except ValueError:
            pass
