"""What each channel's dispatcher asks of the queue, on both databases."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maskwatch.store.ids import new_id
from maskwatch.store.records import Delivery, DeliveryKind, DeliveryState
from maskwatch.store.store import Store
from tests.store.plans import plan_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def queued(store: Store, channel: str, due_s: float = 0) -> Delivery:
    row = Delivery(
        id=new_id(),
        episode_id=None,
        kind=DeliveryKind.TEST,
        channel=channel,
        recipient="ann",
        created_at=NOON,
        not_before=NOON + timedelta(seconds=due_s),
    )
    store.deliveries.add([row])
    return row


def test_a_claim_takes_only_what_belongs_to_its_channel(store: Store) -> None:
    mail, door = queued(store, "mail"), queued(store, "door")
    assert [row.id for row in store.deliveries.claim(NOON, channel="door")] == [door.id]
    assert [row.id for row in store.deliveries.claim(NOON, channel="door")] == []
    assert [row.id for row in store.deliveries.claim(NOON)] == [mail.id]


def test_what_a_channel_has_to_send_is_found_without_reading_what_it_sent(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/m.db", tmp_path / "photos") as store:
        plan = plan_of(store, lambda: store.deliveries.claim(NOON, channel="mail"), "ORDER BY")
    steps = [step for step in plan.splitlines() if re.match("SCAN|SEARCH", step)]
    by_state = "SEARCH deliveries USING INDEX ix_deliveries_state_not_before (state=?"
    assert steps, plan
    assert all(step.startswith(by_state) for step in steps), plan


def test_each_channel_knows_when_its_next_message_is_due(store: Store) -> None:
    queued(store, "mail", due_s=60)
    queued(store, "door", due_s=30)
    assert store.deliveries.next_due("mail") == NOON + timedelta(seconds=60)
    assert store.deliveries.next_due("door") == NOON + timedelta(seconds=30)
    assert store.deliveries.next_due("horn") is None


def test_what_is_withdrawn_is_cancelled_with_the_reason_and_only_by_its_holder(
    store: Store,
) -> None:
    queued(store, "mail")
    (first,) = store.deliveries.claim(NOON, lease_s=10)
    (second,) = store.deliveries.claim(NOON + timedelta(seconds=10), lease_s=10)
    assert not store.deliveries.withdraw(first, "too late")
    assert store.deliveries.withdraw(second, "acknowledged")
    row = store.deliveries.get(first.id)
    assert (row.state, row.last_error) == (DeliveryState.CANCELLED, "acknowledged")


def test_what_was_sent_since_is_told_by_channel(store: Store) -> None:
    for channel in ("mail", "door"):
        for second in (0, 10):
            queued(store, channel)
            (claimed,) = store.deliveries.claim(NOON, channel=channel)
            store.deliveries.sent(claimed, NOON + timedelta(seconds=second))
    since = store.deliveries.sent_since(NOON + timedelta(seconds=5), "mail")
    assert [(row.channel, row.sent_at) for row in since] == [("mail", NOON + timedelta(seconds=10))]


def test_channels_with_something_left_to_do_are_known(store: Store) -> None:
    for channel in ("waits", "claimed", "done"):
        queued(store, channel)
    store.deliveries.claim(NOON, channel="claimed")
    (done,) = store.deliveries.claim(NOON, channel="done")
    store.deliveries.sent(done, NOON)
    assert store.deliveries.waiting_channels() == {"waits", "claimed"}
