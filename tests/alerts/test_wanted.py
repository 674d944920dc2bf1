from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from maskwatch.alerts.base import Alert
from maskwatch.config.privacy import PrivacyConfig
from maskwatch.errors import ChannelError
from maskwatch.store.records import DeliveryKind, DeliveryState
from maskwatch.store.schema import deliveries, episodes
from maskwatch.store.store import Store
from maskwatch.testing import RecordingChannel
from tests.alerts.sending import DOOR, MAIL, episode, happen, now, running, settings, settled
from tests.runtime.processes import wait_until


def test_in_statistics_only_mode_nobody_is_told_of_an_episode_from_before(store: Store) -> None:
    door = RecordingChannel()
    with running(store, settings(), {"door": door}, start=False) as service:
        rows = happen(service, store, episode())
    given = replace(settings(), privacy=PrivacyConfig(statistics_only=True))
    with running(store, given, {"door": door}) as service:
        (row,) = settled(store, rows)
        assert service.plan(episode(), now()) == []
        (test,) = settled(store, service.send_test("door"))
    assert (row.state, test.state) == (DeliveryState.CANCELLED, DeliveryState.SENT)
    assert "statistics-only" in (row.last_error or "")
    assert [alert.id for alert in door.alerts] == [test.id]


def test_a_display_is_not_shown_what_could_not_be_written_down_for_an_hour(store: Store) -> None:
    door, about = RecordingChannel(), episode()
    with running(store, settings(), {"door": door}) as service:
        with store.transaction():
            store.episodes.add(about)
            rows = service.plan(about, now() - timedelta(hours=1))
            store.deliveries.add(rows)
        service.wake()
        (row,) = settled(store, rows)
    assert row.state is DeliveryState.CANCELLED
    assert door.alerts == []


def test_a_step_that_is_not_wanted_any_more_is_cancelled_and_says_why(store: Store) -> None:
    ladder = [
        {"channels": ["door"]},
        {"channels": ["mail"], "after_s": 0.1, "only_while": "unacknowledged"},
    ]
    door, mail = RecordingChannel(), RecordingChannel()
    given = settings(channels={"door": DOOR, "mail": MAIL}, ladder=ladder)
    seen, ignored = episode(track=1), episode(track=2, camera="Gate")
    with running(store, given, {"door": door, "mail": mail}, start=False) as service:
        rows = happen(service, store, seen, ignored)
    store.episodes.acknowledge(seen.id, "ann", now())
    with running(store, given, {"door": door, "mail": mail}):
        rows = settled(store, rows)
    assert [(row.channel, row.state) for row in rows] == [
        ("door", DeliveryState.SENT),
        ("mail", DeliveryState.CANCELLED),
        ("door", DeliveryState.SENT),
        ("mail", DeliveryState.SENT),
    ]
    assert rows[1].last_error == "acknowledged"
    assert [alert.episodes[0].id for alert in mail.alerts] == [ignored.id]


def test_what_is_settled_while_those_before_it_are_sent_is_not_told_any_more(store: Store) -> None:
    first, seen, gone = (episode(track=number, camera=f"Door {number}") for number in range(3))

    def meanwhile(alert: Alert) -> None:
        if [facts.id for facts in alert.episodes] == [first.id]:
            store.episodes.acknowledge(seen.id, "ann", now())
            delete_episode(store, gone.id)

    mail = RecordingChannel(meanwhile)
    ladder = [{"channels": ["mail"], "only_while": "unacknowledged"}]
    given = settings(channels={"mail": MAIL}, ladder=ladder)
    with running(store, given, {"mail": mail}, start=False) as service:
        rows = happen(service, store, first, seen, gone)
        service.start()
        settled(store, rows[:2])
        settled(store, service.send_test("mail"))  # comes after them in the queue
    told = [[facts.id for facts in alert.episodes] for alert in mail.alerts]
    assert told == [[first.id], []]
    assert mail.alerts[1].kind is DeliveryKind.TEST
    assert store.deliveries.get(rows[1].id).last_error == "acknowledged"


def test_what_is_given_up_because_it_is_old_still_says_why_it_failed(store: Store) -> None:
    door = RecordingChannel(lambda _: ChannelError("exit code 3: no display"))
    given = settings(channels={"door": {**DOOR, "stale_after_s": 60}})
    with running(store, given, {"door": door}) as service:
        rows = happen(service, store, episode())
        assert wait_until(lambda: bool(door.alerts))
        with store.database.write() as connection:
            an_hour_ago = now() - timedelta(hours=1)
            connection.execute(sa.update(deliveries).values(created_at=an_hour_ago))
        (row,) = settled(store, rows)
    assert row.state is DeliveryState.CANCELLED
    assert row.last_error is not None
    assert row.last_error.endswith("wants none after 60 s; before that: exit code 3: no display")


def test_an_episode_that_was_deleted_is_not_told(store: Store) -> None:
    door, about = RecordingChannel(), episode()
    with running(store, settings(), {"door": door}, start=False) as service:
        (row,) = happen(service, store, about)
        delete_episode(store, about.id)
        service.start()
        others = settled(store, service.send_test("door"))  # comes after it in the queue
    assert row.id not in {each.id for each in store.deliveries.page().items}
    assert [alert.id for alert in door.alerts] == [each.id for each in others]


def delete_episode(store: Store, episode_id: str) -> None:
    with store.database.write() as connection:
        connection.execute(sa.delete(episodes).where(episodes.c.id == episode_id))


def test_what_waits_for_a_channel_that_is_gone_is_given_up_and_says_so(store: Store) -> None:
    both = settings(channels={"door": DOOR, "old": DOOR})
    with running(store, both, {}, start=False) as service:
        rows = happen(service, store, episode())
    with running(store, settings(), {"door": RecordingChannel()}):
        found = {row.channel: row for row in settled(store, rows)}
    assert found["door"].state is DeliveryState.SENT
    assert found["old"].state is DeliveryState.DEAD
    assert found["old"].last_error == "no channel is called old"
