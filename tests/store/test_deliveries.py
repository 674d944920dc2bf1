from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from maskwatch.store.ids import new_id
from maskwatch.store.records import Delivery, DeliveryKind, DeliveryState
from maskwatch.store.store import Store
from tests.store.values import after, episode


def delivery(**changes: object) -> Delivery:
    plain = Delivery(
        id=new_id(),
        episode_id=None,
        kind=DeliveryKind.TEST,
        channel="office",
        created_at=after(),
        not_before=after(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_what_goes_in_comes_out(store: Store) -> None:
    about = episode()
    store.episodes.add(about)
    one = delivery(
        episode_id=about.id,
        kind=DeliveryKind.VIOLATION,
        recipient="eve@example.org",
        stage=2,
        camera="entrance",
        payload={"episodes": ["a", "b"], "n": 2},
    )
    assert store.deliveries.add([one]) == 1
    assert store.deliveries.get(one.id) == one
    assert store.deliveries.of_episode(about.id) == [one]


def test_the_same_delivery_is_queued_once(store: Store) -> None:
    one = delivery()
    assert store.deliveries.add([one]) == 1
    assert store.deliveries.add([replace(one, channel="other"), delivery()]) == 1
    assert store.deliveries.get(one.id).channel == "office"


def test_only_what_is_due_is_claimed_the_longest_due_first(store: Store) -> None:
    late, early, future = (
        delivery(not_before=after(5)),
        delivery(not_before=after(1)),
        delivery(not_before=after(100)),
    )
    store.deliveries.add([late, early, future])
    claimed = store.deliveries.claim(after(10))
    assert [each.id for each in claimed] == [early.id, late.id]
    assert {(each.state, each.attempts, each.claimed_at) for each in claimed} == {
        (DeliveryState.CLAIMED, 1, after(10))
    }
    assert store.deliveries.next_due("office") == after(100)


def test_a_claim_holds_until_it_runs_out(store: Store) -> None:
    store.deliveries.add([delivery()])
    (first,) = store.deliveries.claim(after(0), lease_s=60)
    assert store.deliveries.claim(after(59), lease_s=60) == []
    (second,) = store.deliveries.claim(after(60), lease_s=60)
    assert (second.id, second.attempts) == (first.id, 2)


def test_whoever_lost_the_claim_cannot_say_how_it_ended(store: Store) -> None:
    store.deliveries.add([delivery()])
    (first,) = store.deliveries.claim(after(0), lease_s=60)
    (second,) = store.deliveries.claim(after(60), lease_s=60)
    assert not store.deliveries.failed(first, "timeout", permanent=False, retry_at=after(70))
    assert not store.deliveries.sent(first, after(61))
    assert store.deliveries.sent(second, after(62))
    assert store.deliveries.get(first.id).sent_at == after(62)
    assert not store.deliveries.sent(second, after(63))


def test_a_failure_waits_for_its_retry(store: Store) -> None:
    store.deliveries.add([delivery()])
    (one,) = store.deliveries.claim(after(0))
    assert store.deliveries.failed(one, "no route", permanent=False, retry_at=after(30))
    got = store.deliveries.get(one.id)
    assert (got.state, got.last_error, got.not_before) == (
        DeliveryState.PENDING,
        "no route",
        after(30),
    )
    assert store.deliveries.claim(after(29)) == []
    (again,) = store.deliveries.claim(after(30))
    assert again.attempts == 2


@pytest.mark.parametrize(("permanent", "retry"), [(True, True), (False, False), (True, False)])
def test_what_cannot_be_healed_or_was_tried_enough_is_dead(
    store: Store, permanent: bool, retry: bool
) -> None:
    store.deliveries.add([delivery()])
    (one,) = store.deliveries.claim(after(0))
    retry_at = after(30) if retry else None
    assert store.deliveries.failed(one, "refused", permanent=permanent, retry_at=retry_at)
    assert store.deliveries.claim(after(1000)) == []
    got = store.deliveries.get(one.id)
    assert (got.state, got.permanent) == (DeliveryState.DEAD, permanent)
    assert store.deliveries.requeue(one.id, after(2000))
    assert not store.deliveries.requeue(one.id, after(2000))
    (again,) = store.deliveries.claim(after(2000))
    assert again.attempts == 1


def test_giving_a_claim_back_is_no_attempt(store: Store) -> None:
    store.deliveries.add([delivery()])
    (one,) = store.deliveries.claim(after(0))
    assert store.deliveries.release(one, after(60))
    got = store.deliveries.get(one.id)
    assert (got.state, got.attempts, got.not_before) == (DeliveryState.PENDING, 0, after(60))


def test_taking_back_spares_what_is_on_its_way(store: Store) -> None:
    about = episode()
    store.episodes.add(about)
    soon, later = (
        delivery(episode_id=about.id),
        delivery(episode_id=about.id, not_before=after(300)),
    )
    store.deliveries.add([soon, later, delivery(not_before=after(1))])
    store.deliveries.claim(after(0), limit=1)
    taken = [store.deliveries.take_back(each.id, "acknowledged") for each in (soon, later)]
    assert taken == [False, True]
    assert store.deliveries.get(later.id).state is DeliveryState.CANCELLED
    assert store.deliveries.get(soon.id).state is DeliveryState.CLAIMED


def test_what_waits_for_a_channel_can_be_given_up_all_at_once(store: Store) -> None:
    waiting, claimed, done, other = (
        delivery(not_before=after(100)),
        delivery(not_before=after(1)),
        delivery(not_before=after(0)),
        delivery(channel="door", not_before=after(100)),
    )
    store.deliveries.add([waiting, claimed, done, other])
    for each in store.deliveries.claim(after(10)):
        if each.id == done.id:
            store.deliveries.sent(each, after(11))
    assert store.deliveries.give_up("office", "it is gone") == 2
    for each in (waiting, claimed):
        found = store.deliveries.get(each.id)
        assert (found.state, found.permanent) == (DeliveryState.DEAD, True)
        assert found.last_error == "it is gone"
    assert store.deliveries.get(done.id).state is DeliveryState.SENT
    assert store.deliveries.get(other.id).state is DeliveryState.PENDING


HOURS = 6 * 3600.0
"""By which a clock was ahead before it was set right."""


@pytest.mark.parametrize("wait_s", [0.0, 900.0])
def test_what_a_clock_noted_that_was_ahead_waits_no_longer_than_it_was_to(
    store: Store, wait_s: float
) -> None:
    one = delivery(created_at=after(HOURS), not_before=after(HOURS + wait_s))
    store.deliveries.add([one])
    if wait_s:
        assert store.deliveries.claim(after(0)) == []
        assert store.deliveries.claim(after(wait_s - 1)) == []
    assert [each.id for each in store.deliveries.claim(after(wait_s))] == [one.id]


def test_a_retry_that_a_clock_noted_that_was_ahead_comes_when_it_was_to(store: Store) -> None:
    store.deliveries.add([delivery()])
    (claimed,) = store.deliveries.claim(after(HOURS))
    retry_at = after(HOURS + 5)
    assert store.deliveries.failed(claimed, "busy", permanent=False, retry_at=retry_at)
    assert store.deliveries.claim(after(10)) == []
    assert store.deliveries.claim(after(14)) == []
    (again,) = store.deliveries.claim(after(15))
    assert again.attempts == 2


def test_a_claim_of_a_clock_that_was_ahead_runs_out_too(store: Store) -> None:
    store.deliveries.add([delivery()])
    (lost,) = store.deliveries.claim(after(HOURS), lease_s=60)
    assert store.deliveries.claim(after(0), lease_s=60) == []
    (found,) = store.deliveries.claim(after(60), lease_s=60)
    assert found.id == lost.id


def test_a_small_correction_of_the_clock_moves_nothing(store: Store) -> None:
    one = delivery(created_at=after(30), not_before=after(40))
    store.deliveries.add([one])
    assert store.deliveries.claim(after(0)) == []
    assert store.deliveries.get(one.id).not_before == after(40)


def test_counts_name_every_state(store: Store) -> None:
    store.deliveries.add([delivery(), delivery()])
    store.deliveries.claim(after(0), limit=1)
    counts = store.deliveries.counts()
    assert set(counts) == set(DeliveryState)
    assert (counts[DeliveryState.PENDING], counts[DeliveryState.CLAIMED]) == (1, 1)


def test_what_is_in_one_message_is_claimed_together_whatever_the_limit(store: Store) -> None:
    rows = [delivery(not_before=after(number)) for number in range(5)]
    store.deliveries.add(rows)
    claimed = store.deliveries.claim(after(10), limit=4)
    joined = store.deliveries.join(claimed[1:], "m" * 32)
    assert [each.message_id for each in joined] == ["m" * 32] * 3
    for each, wait_s in zip(claimed, (25, 20, 20, 20), strict=True):
        store.deliveries.failed(each, "busy", permanent=False, retry_at=after(wait_s))
    again = store.deliveries.claim(after(30), limit=2)
    assert {each.id for each in again} == {row.id for row in rows[1:]}
    assert [each.message_id for each in again] == [None, *["m" * 32] * 3]


def test_what_is_sent_again_by_hand_is_a_message_of_its_own(store: Store) -> None:
    store.deliveries.add([delivery(), delivery()])
    for each in store.deliveries.join(store.deliveries.claim(after(0)), "m" * 32):
        store.deliveries.failed(each, "who?", permanent=True, retry_at=None)
        store.deliveries.requeue(each.id, after(5))
        assert store.deliveries.get(each.id).message_id is None


def test_whoever_lost_the_claim_puts_nothing_into_a_message(store: Store) -> None:
    store.deliveries.add([delivery()])
    first = store.deliveries.claim(after(0), lease_s=60)
    store.deliveries.claim(after(60), lease_s=60)
    store.deliveries.join(first, "m" * 32)
    assert store.deliveries.get(first[0].id).message_id is None


def test_what_is_given_back_may_have_become_another_kind(store: Store) -> None:
    store.deliveries.add([delivery(kind=DeliveryKind.VIOLATION, payload={"after_s": 1})])
    (one,) = store.deliveries.claim(after(0))
    changed = replace(one, kind=DeliveryKind.DIGEST, payload={"after_s": 60})
    assert store.deliveries.release(changed, after(60))
    got = store.deliveries.get(one.id)
    assert (got.kind, got.payload) == (DeliveryKind.DIGEST, {"after_s": 60})


def test_of_many_who_claim_at_once_each_delivery_goes_to_one(store: Store) -> None:
    wanted = [delivery() for _ in range(40)]
    store.deliveries.add(wanted)
    taken: list[str] = []

    def work() -> None:
        while claimed := store.deliveries.claim(after(1), limit=3):
            taken.extend(each.id for each in claimed)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(taken) == sorted(each.id for each in wanted)
