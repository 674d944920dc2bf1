from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwatch.alerts.due import (
    Known,
    decided_at,
    held,
    hold_until,
    look_back,
    next_batch,
    no_sooner_than,
    retry_delay_s,
    why_unwanted,
)
from maskwatch.alerts.roll_call import Trouble
from maskwatch.config.alerts import CommandConfig, Pacing, RateLimit, Retry
from maskwatch.store.ids import new_id
from maskwatch.store.records import Delivery, DeliveryKind, DeliveryState, EpisodeRecord
from maskwatch.types import Fault, State

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EPISODE = EpisodeRecord("e" * 32, "Door", None, 1, State.INCORRECT, Fault.NOSE_OUT, 9.0, NOW)
DOWN = Known(is_present=True, trouble=Trouble(NOW))
LIMIT = RateLimit(messages=3, per_s=3600)


def row(kind: DeliveryKind = DeliveryKind.VIOLATION, **payload: object) -> Delivery:
    episode_id = EPISODE.id if kind in (DeliveryKind.VIOLATION, DeliveryKind.DIGEST) else None
    return Delivery(new_id(), episode_id, kind, "mail", payload=payload, created_at=NOW)


ACKNOWLEDGED = replace(EPISODE, acknowledged_by="ann", acknowledged_at=NOW)
WRONG = replace(EPISODE, corrected_state=State.MASK)
OVER = replace(EPISODE, ended_at=NOW)


def unwanted(
    row: Delivery,
    known: Known,
    stale_after_s: float | None = None,
    now: datetime = NOW,
    *,
    statistics_only: bool = False,
) -> str | None:
    door = CommandConfig(command=("true",), stale_after_s=stale_after_s)
    return why_unwanted(row, known, door, statistics_only, now)


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
    assert unwanted(row(only_while=only_while), Known(episode)) == why


def test_somebody_taken_off_the_list_is_not_told_any_more() -> None:
    before = replace(row(), recipient="b@x.org")
    assert unwanted(before, Known(EPISODE)) == "no longer a recipient of this channel"


def test_in_statistics_only_mode_messages_about_episodes_alone_are_unwanted() -> None:
    why = "in statistics-only mode nobody is told of an episode"
    assert unwanted(row(), Known(EPISODE), statistics_only=True) == why
    for kind in (DeliveryKind.TEST, DeliveryKind.CAMERA_HEALTH):
        assert unwanted(row(kind), DOWN, statistics_only=True) is None


def test_a_message_older_than_its_channel_wants_is_dropped_and_says_so() -> None:
    late = NOW + timedelta(seconds=61)
    known = Known(EPISODE)
    assert unwanted(row(), known, 60, NOW + timedelta(seconds=60)) is None
    assert unwanted(row(), known, 60, late) == "61 s old; the channel wants none after 60 s"


def test_the_trouble_of_a_camera_is_never_old_while_it_lasts() -> None:
    late = NOW + timedelta(hours=1)
    assert unwanted(row(DeliveryKind.CAMERA_HEALTH), DOWN, 60, late) is None


LATER = NOW + timedelta(minutes=3)
GONE = "the camera was removed or switched off, or the service was started anew"
ANOTHER = "the camera recovered, or the service was started anew"


@pytest.mark.parametrize(
    ("is_present", "trouble", "why"),
    [
        (True, Trouble(NOW), None),
        (True, Trouble(NOW, well_since=LATER - timedelta(seconds=59)), None),  # not for long yet
        (True, Trouble(NOW, well_since=LATER - timedelta(seconds=60)), "the camera recovered"),
        (True, Trouble(NOW + timedelta(minutes=2)), ANOTHER),  # it has messages of its own
        (True, None, ANOTHER),
        (False, Trouble(NOW), GONE),
        (False, None, GONE),
    ],
)
def test_the_trouble_of_a_camera_is_told_while_it_lasts_and_the_camera_is_there(
    is_present: bool, trouble: Trouble | None, why: str | None
) -> None:
    lost = row(DeliveryKind.CAMERA_HEALTH)
    known = Known(is_present=is_present, trouble=trouble)
    assert unwanted(lost, known, now=LATER) == why


def test_whether_a_camera_that_is_back_stays_shows_a_minute_later() -> None:
    back = Known(is_present=True, trouble=Trouble(NOW, well_since=LATER))
    assert decided_at(back) == LATER + timedelta(seconds=60)
    assert decided_at(DOWN) is None
    assert decided_at(Known(EPISODE)) is None


def test_a_step_that_comes_late_is_not_old_when_its_time_has_come() -> None:
    due = NOW + timedelta(seconds=120)
    step = row(after_s=120.0)
    assert unwanted(step, Known(EPISODE), 60, due + timedelta(seconds=60)) is None
    why = unwanted(step, Known(EPISODE), 60, due + timedelta(seconds=61))
    assert why == "61 s old; the channel wants none after 60 s"


def test_messages_about_no_episode_need_none() -> None:
    assert unwanted(row(DeliveryKind.TEST), Known()) is None


def pacing(**values: object) -> Pacing:
    return Pacing.model_validate(values)


def told(camera: str = "Door", track: int = 1, at: datetime = NOW, **changes: Any) -> Delivery:
    """A message that went out by itself."""
    sent = replace(row(track=track), camera=camera, created_at=at, sent_at=at)
    return replace(sent, **{"state": DeliveryState.SENT, **changes})


def about(camera: str = "Door", track: int = 1) -> Delivery:
    return replace(row(track=track), camera=camera)


def until(
    row: Delivery, given: Pacing, sent: Sequence[Delivery] = (), now: datetime = NOW
) -> datetime | None:
    return hold_until(row, given, sent, now, BERLIN)


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def test_a_second_episode_of_a_camera_waits_for_the_digest_while_it_cools_down() -> None:
    given = pacing(cooldown_camera_s=60, digest_every_s=3600)
    other = about(track=2)
    assert until(other, given, [told()], NOW + seconds(59)) == NOW + seconds(3600)
    assert until(other, given, [told()], NOW + seconds(60)) is None


def test_what_a_clock_sent_that_was_ahead_holds_nothing_back_for_hours() -> None:
    ahead = NOW + timedelta(hours=6)
    assert until(about(), pacing(cooldown_camera_s=60), [told(at=ahead)]) is None
    single = row()
    assert next_batch([single], RateLimit(messages=1), [ahead], NOW).rows == (single,)


def test_a_small_correction_of_the_clock_lets_no_second_message_out() -> None:
    just_now = NOW + seconds(0.2)
    assert until(about(), pacing(cooldown_camera_s=60), [told(at=just_now)]) is not None
    assert next_batch([row()], RateLimit(messages=1), [just_now], NOW).rows == ()


def test_another_camera_does_not_cool_down_with_it() -> None:
    assert until(about("Gate"), pacing(cooldown_camera_s=60), [told()]) is None


def test_the_same_person_cools_down_longer_than_the_camera() -> None:
    given = pacing(cooldown_camera_s=60, cooldown_person_s=600)
    later = NOW + seconds(599)
    assert until(about(track=7), given, [told(track=7)], later) is not None
    assert until(about(track=8), given, [told(track=7)], later) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": DeliveryKind.DIGEST},
        {"stage": 1},
        {"recipient": "b@x.org"},
        {"state": DeliveryState.CANCELLED, "sent_at": None},
        {"state": DeliveryState.PENDING, "sent_at": None},
        {"state": DeliveryState.DEAD, "sent_at": None},
    ],
)
def test_only_messages_that_did_go_out_by_themselves_start_a_cooldown(
    changes: dict[str, Any],
) -> None:
    assert until(about(), pacing(cooldown_camera_s=60), [told(**changes)]) is None


def test_in_quiet_hours_messages_wait_for_their_end() -> None:
    quiet = pacing(quiet_hours=[{"start": "22:00", "end": "06:00"}])
    night = datetime(2026, 3, 2, 23, 30, tzinfo=BERLIN)
    morning = datetime(2026, 3, 3, 6, 0, tzinfo=BERLIN)
    assert until(about(), quiet, now=night) == morning
    assert until(about(), quiet, now=morning) is None


def test_a_digest_that_would_fall_into_quiet_hours_waits_for_their_end() -> None:
    given = pacing(
        digest_only=True,
        digest_every_s=3600,
        quiet_hours=[{"start": "13:30", "end": "15:15"}],
    )
    at = datetime(2026, 3, 2, 13, 0, tzinfo=BERLIN)
    assert until(about(), given, now=at) == datetime(2026, 3, 2, 15, 15, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("kind", "hour"),
    [(DeliveryKind.VIOLATION, 6), (DeliveryKind.DIGEST, 6), (DeliveryKind.CAMERA_HEALTH, 23)],
)
def test_violations_for_which_there_is_room_in_quiet_hours_only_wait_for_their_end(
    kind: DeliveryKind, hour: int
) -> None:
    quiet = pacing(quiet_hours=[{"start": "22:00", "end": "06:00"}])
    late = datetime(2026, 3, 2, 23, 0, tzinfo=BERLIN)
    assert no_sooner_than(row(kind), late, quiet, BERLIN).astimezone(BERLIN).hour == hour
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=BERLIN)
    assert no_sooner_than(row(kind), noon, quiet, BERLIN) == noon


def test_only_violations_wait_and_none_waits_twice() -> None:
    given = pacing(digest_only=True)
    waiting = until(about(), given)
    assert waiting is not None
    again = held(about(), waiting)
    in_a_message = replace(about(), message_id="m" * 32)
    trouble, test = row(DeliveryKind.CAMERA_HEALTH), row(DeliveryKind.TEST)
    assert [until(each, given) for each in (again, in_a_message, trouble, test)] == [None] * 4


def test_what_was_held_back_is_told_although_it_is_over_and_counts_as_new() -> None:
    step = row(only_while="ongoing", after_s=20.0)
    over = Known(OVER)
    assert unwanted(step, over, 60, NOW + seconds(20)) == "the violation is over"
    morning = NOW + timedelta(hours=7)
    waiting = held(step, morning)
    assert waiting.kind is DeliveryKind.DIGEST
    assert unwanted(waiting, over, 60, morning + seconds(60)) is None
    assert unwanted(waiting, Known(ACKNOWLEDGED), 60, morning) == "acknowledged"
    why = unwanted(waiting, over, 60, morning + seconds(61))
    assert why == "61 s old; the channel wants none after 60 s"


def test_news_of_a_camera_stays_such_while_it_waits_for_room() -> None:
    trouble = replace(row(DeliveryKind.CAMERA_HEALTH, reason="timed out"), camera="Gate")
    waiting = held(trouble, NOW + seconds(600))
    assert (waiting.kind, waiting.payload["reason"]) == (DeliveryKind.CAMERA_HEALTH, "timed out")
    assert unwanted(waiting, DOWN, 60, NOW + seconds(660)) is None


def test_pacing_looks_back_as_far_as_its_longest_span() -> None:
    assert look_back(pacing(cooldown_person_s=9000)) == seconds(9000)
    assert look_back(pacing(cooldown_person_s=9000, rate_limit={"per_s": 9001})) == seconds(9001)
    assert look_back(Pacing(rate_limit=None, cooldown_camera_s=7, cooldown_person_s=0)) == seconds(
        7
    )


@given(st.lists(st.floats(0, 3600), min_size=1, max_size=60))
def test_whatever_comes_every_message_goes_out_or_into_a_digest(gaps: list[float]) -> None:
    given = pacing(cooldown_camera_s=60, cooldown_person_s=600)
    sent: list[Delivery] = []
    at = NOW
    for number, gap in enumerate(gaps):
        at += seconds(gap)
        waits = until(about(track=number), given, sent, at)
        if waits is None:
            sent.append(told(track=number, at=at))
        assert waits is None or waits > at
    times = [each.created_at for each in sent if each.created_at]
    assert times
    assert all(later - first >= seconds(60) for first, later in pairwise(times))


def test_what_was_in_one_message_before_stays_one_and_others_do_not_join_it() -> None:
    tried = [replace(row(DeliveryKind.DIGEST), message_id="m" * 32) for _ in range(3)]
    new = [row(DeliveryKind.DIGEST), row(DeliveryKind.DIGEST)]
    mixed = [tried[0], new[0], tried[1], new[1], tried[2]]
    assert next_batch(mixed, None, [], NOW).rows == tuple(tried)
    assert next_batch(new, None, [], NOW).rows == tuple(new)
    assert next_batch(mixed, RateLimit(messages=1), [], NOW).rows == tuple(mixed)


def test_two_messages_that_were_tried_before_stay_two_though_their_rows_are_mixed() -> None:
    first, second = (
        [replace(row(DeliveryKind.DIGEST), message_id=32 * letter) for _ in range(2)]
        for letter in "mn"
    )
    mixed = [first[0], second[0], first[1], second[1]]
    assert next_batch(mixed, None, [], NOW).rows == tuple(first)
    assert next_batch([second[0], *first, second[1]], None, [], NOW).rows == tuple(first)


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
