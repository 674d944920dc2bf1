from __future__ import annotations

import threading

from maskwatch.runtime.live.mailbox import Mailbox


def test_the_newest_item_replaces_the_one_before() -> None:
    mailbox = Mailbox[int]()
    for item in range(5):
        mailbox.put(item)
    assert (mailbox.take(0), mailbox.take(0), mailbox.dropped) == (4, None, 4)


def test_an_item_is_taken_once() -> None:
    mailbox = Mailbox[int]()
    mailbox.put(1)
    assert [mailbox.take(0), mailbox.take(0)] == [1, None]
    assert mailbox.dropped == 0


def test_nothing_is_lost_when_all_are_kept() -> None:
    mailbox = Mailbox[int](keep_all=True)

    def produce() -> None:
        for item in range(100):
            mailbox.put(item)
        mailbox.close()

    producer = threading.Thread(target=produce)
    producer.start()
    taken: list[int] = []
    while not mailbox.is_finished:
        item = mailbox.take(5)
        if item is not None:
            taken.append(item)
    producer.join()
    assert taken == list(range(100))
    assert mailbox.dropped == 0


def test_the_last_item_survives_the_closing() -> None:
    mailbox = Mailbox[int]()
    mailbox.put(1)
    mailbox.close()
    assert not mailbox.is_finished
    assert mailbox.take(0) == 1
    assert mailbox.is_finished
    assert mailbox.take(5) is None  # at once: nothing will come


def test_closing_frees_a_producer_that_waits() -> None:
    mailbox = Mailbox[int](keep_all=True)
    mailbox.put(1)
    producer = threading.Thread(target=mailbox.put, args=(2,))
    producer.start()
    mailbox.close()
    producer.join(timeout=10)
    assert not producer.is_alive()
    assert mailbox.take(0) == 1
    assert mailbox.is_finished


def test_a_reader_is_woken_by_an_item() -> None:
    mailbox = Mailbox[int]()
    threading.Timer(0.05, mailbox.put, (7,)).start()
    assert mailbox.take(30) == 7
