from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime

from maskwatch.runtime.monitoring.live_hub import LiveHub, LivePerson
from maskwatch.types import State

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PERSON = LivePerson(7, State.MASK, None, 97.0, None, NOW)


def test_only_the_newest_view_is_kept_and_each_is_numbered() -> None:
    hub = LiveHub()
    assert hub.latest("door") is None
    first = hub.publish("door", b"1", (), NOW)
    other = hub.publish("gate", b"2", (), NOW)
    newest = hub.publish("door", b"3", (PERSON,), NOW)
    assert hub.latest("door") is newest
    assert first.sequence < other.sequence < newest.sequence
    assert hub.cameras() == ("door", "gate")
    hub.forget("door")
    assert hub.latest("door") is None


def test_waiting_ends_with_a_newer_view_from_another_thread() -> None:
    hub = LiveHub()
    seen = hub.publish("door", b"1", (), NOW)

    async def wait() -> bytes | None:
        threading.Timer(0.05, hub.publish, ("door", b"2", (), NOW)).start()
        view = await hub.wait_newer("door", seen.sequence, 30)
        return None if view is None else view.jpeg

    assert asyncio.run(wait()) == b"2"


def test_a_view_that_is_newer_already_is_given_at_once() -> None:
    hub = LiveHub()
    hub.publish("door", b"1", (), NOW)
    view = asyncio.run(hub.wait_newer("door", 0, 0))
    assert view is not None


def test_waiting_in_vain_ends_after_the_time_and_leaves_nothing_behind() -> None:
    hub = LiveHub()
    seen = hub.publish("door", b"1", (), NOW)
    assert asyncio.run(hub.wait_newer("door", seen.sequence, 0.02)) is None
    assert asyncio.run(hub.wait_newer("nowhere", 0, 0.02)) is None
    assert hub._waiting == {}
    assert not hub.is_watched("nowhere")


def test_nobody_waits_for_a_hub_that_is_closed() -> None:
    hub = LiveHub()
    seen = hub.publish("door", b"1", (), NOW)

    async def wait() -> list[object]:
        threading.Timer(0.05, hub.close).start()
        both = hub.wait_newer("door", seen.sequence, 600), hub.wait_newer("gate", 0, 600)
        return list(await asyncio.gather(*both))

    assert asyncio.run(wait()) == [None, None]
    assert asyncio.run(hub.wait_newer("door", seen.sequence, 600)) is None
    assert hub.is_closed


def test_a_waiter_whose_loop_is_gone_harms_nobody() -> None:
    hub = LiveHub()

    async def leave() -> None:
        task = asyncio.create_task(hub.wait_newer("door", 0, 30))
        await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(leave())
    hub.publish("door", b"1", (), NOW)


def test_who_looks_is_noticed_and_who_peeks_is_not() -> None:
    hub = LiveHub()
    hub.publish("door", b"1", (), NOW)
    assert hub.peek("door") is not None
    assert not hub.is_watched("door")
    hub.latest("door")
    assert hub.is_watched("door")


def test_however_many_watch_they_are_given_one_and_the_same_picture() -> None:
    hub = LiveHub()
    seen = hub.publish("door", b"1", (), NOW)

    async def watch() -> list[object]:
        threading.Timer(0.05, hub.publish, ("door", b"2", (), NOW)).start()
        everybody = [hub.wait_newer("door", seen.sequence, 30) for _ in range(50)]
        return list(await asyncio.gather(*everybody))

    first, *others = asyncio.run(watch())
    assert first is not None
    assert all(each is first for each in others)


def test_who_follows_a_camera_sees_every_view_and_counts_as_somebody_looking() -> None:
    hub = LiveHub()
    seen: list[int] = []
    end = hub.follow("door", lambda view: seen.append(view.sequence))
    assert hub.is_watched("door")
    first = hub.publish("door", None, (), NOW).sequence
    hub.publish("gate", None, (), NOW)
    second = hub.publish("door", None, (), NOW).sequence
    end()
    end()  # once more does no harm
    hub.publish("door", None, (), NOW)
    assert seen == [first, second]
    assert not hub.is_watched("door")
