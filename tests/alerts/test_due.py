from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwatch.alerts.due import next_batch, retry_delay_s, why_unwanted
from maskwatch.config.alerts import RateLimit, Retry
from maskwatch.store.ids import new_id
from maskwatch.store.records import Delivery, DeliveryKind, EpisodeRecord
from maskwatch.types import Fault, State

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EPISODE = EpisodeRecord("e" * 32, "Door", None, 1, State.INCORRECT, Fault.NOSE_OUT, 9.0, NOW)
LIMIT = RateLimit(messages=3, per_s=3600)


def row(kind: DeliveryKind = DeliveryKind.VIOLATION, **payload: object) -> Delivery:
    episode_id = EPISODE.id if kind in (DeliveryKind.VIOLATION, DeliveryKind.DIGEST) else None
    return Delivery(new_id(), episode_id, kind, "mail", payload=payload, created_at=NOW)


ACKNOWLEDGED = replace(EPISODE, acknowledged_by="ann", acknowledged_at=NOW)
WRONG = replace(EPISODE, corrected_state=State.MASK)
OVER = replace(EPISODE, ended_at=NOW)


@pytest.mark.parametrize(
    ("only_while", "episode", "why"),
    [
        ("always", ACKNOWLEDGED, None),
        ("always", OVER, None),
        ("always", None, "the episode was deleted"),
        ("unacknowledged", EPISODE, None),
        ("unacknowledged", ACKNOWLEDGED, "acknowledged"),
        ("unacknowledged", WRONG, "called wrong"),
        ("unacknowledged", OVER, None),
        ("ongoing", EPISODE, None),
        ("ongoing", ACKNOWLEDGED, "acknowledged"),
        ("ongoing", OVER, "the violation is over"),
    ],
)
def test_a_step_is_dropped_when_it_is_no_longer_wanted(
    only_while: str, episode: EpisodeRecord | None, why: str | None
) -> None:
    assert why_unwanted(row(only_while=only_while), episode, None, NOW) == why


def test_a_message_older_than_its_channel_wants_is_dropped_and_says_so() -> None:
    late = NOW + timedelta(seconds=61)
    assert why_unwanted(row(), EPISODE, 60, NOW + timedelta(seconds=60)) is None
    assert why_unwanted(row(), EPISODE, 60, late) == "61 s old; the channel wants none after 60 s"


def test_the_trouble_of_a_camera_is_never_old_while_it_lasts() -> None:
    late = NOW + timedelta(hours=1)
    assert why_unwanted(row(DeliveryKind.CAMERA_HEALTH), None, 60, late) is None


def test_a_step_that_comes_late_is_not_old_when_its_time_has_come() -> None:
    due = NOW + timedelta(seconds=120)
    assert why_unwanted(row(after_s=120.0), EPISODE, 60, due + timedelta(seconds=60)) is None
    why = why_unwanted(row(after_s=120.0), EPISODE, 60, due + timedelta(seconds=61))
    assert why == "61 s old; the channel wants none after 60 s"


def test_messages_about_no_episode_need_none() -> None:
    assert why_unwanted(row(DeliveryKind.CAMERA_HEALTH), None, None, NOW) is None


def test_with_room_every_message_goes_out_by_itself_and_digests_go_together() -> None:
    digests = [row(DeliveryKind.DIGEST), row(DeliveryKind.DIGEST)]
    single = row()
    assert next_batch([*digests, single], LIMIT, [], NOW).rows == (single,)
    assert next_batch(digests, LIMIT, [], NOW).rows == tuple(digests)


def test_more_than_there_is_room_for_becomes_one_message() -> None:
    due = [row() for _ in range(4)]
    assert next_batch(due, LIMIT, [], NOW).rows == tuple(due)
    assert next_batch(due[:3], LIMIT, [], NOW).rows == (due[0],)


def test_without_room_everything_waits_until_there_is_some() -> None:
    sent = [NOW - timedelta(minutes=m) for m in (50, 40, 10, 61)]
    batch = next_batch([row()], LIMIT, sent, NOW)
    assert batch.rows == ()
    assert batch.wait_until == NOW + timedelta(minutes=10)


def test_the_rows_of_one_message_count_once() -> None:
    sent = [NOW - timedelta(minutes=5)] * 40
    single = row()
    assert next_batch([single], LIMIT, sent, NOW).rows == (single,)


def test_a_test_message_waits_for_nothing() -> None:
    test = row(DeliveryKind.TEST)
    assert next_batch([row(), test], LIMIT, [NOW, NOW - timedelta(1e-6)], NOW).rows == (test,)


def test_without_a_limit_there_is_always_room() -> None:
    due = [row() for _ in range(500)]
    assert next_batch(due, None, [NOW] * 500, NOW).rows == (due[0],)


@given(st.lists(st.floats(0, 120), max_size=300), st.integers(1, 5))
def test_nobody_ever_gets_more_than_the_limit_and_every_row_is_sent_once(
    gaps: list[float], most: int
) -> None:
    limit = RateLimit(messages=most, per_s=600)
    waiting: list[Delivery] = []
    messages: list[tuple[datetime, tuple[Delivery, ...]]] = []

    def send_what_may_be_sent(now: datetime) -> datetime | None:
        while waiting:
            batch = next_batch(waiting, limit, [at for at, _ in messages], now)
            if not batch.rows:
                return batch.wait_until
            messages.append((now + timedelta(microseconds=len(messages)), batch.rows))
            waiting[:] = [each for each in waiting if each not in batch.rows]
        return None

    now = NOW
    for gap in gaps:
        now += timedelta(seconds=gap)
        waiting.append(row())
        send_what_may_be_sent(now)
    while waiting:
        until = send_what_may_be_sent(now)
        assert until is not None or not waiting
        now = (until or now) + timedelta(seconds=1)
    times = [at for at, _ in messages]
    window = timedelta(seconds=600)
    assert all(later - first >= window for first, later in zip(times, times[most:], strict=False))
    sent = [each.id for _, rows in messages for each in rows]
    assert len(sent) == len(set(sent)) == len(gaps)


def test_delays_grow_to_their_limit_and_end_after_the_stated_time() -> None:
    retry = Retry(first_delay_s=5, factor=2, max_delay_s=60, give_up_after_s=300)
    delays = [retry_delay_s(retry, attempts, chance=0.5) for attempts in range(1, 11)]
    assert delays == [5, 10, 20, 40, 60, 60, 60, 60, None, None]


def test_chance_spreads_the_attempts_by_a_quarter() -> None:
    retry = Retry(first_delay_s=8)
    assert retry_delay_s(retry, 1, chance=0) == 6
    assert retry_delay_s(retry, 1, chance=1) == 10


def test_thousands_of_attempts_overflow_nothing() -> None:
    retry = Retry(first_delay_s=1, max_delay_s=2, give_up_after_s=3e8)
    assert retry_delay_s(retry, 5000, chance=0.5) == 2
