"""What is new is told once to each who watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from maskwatch.store.subject import delete_episodes
from maskwatch.web import feed as feed_module
from maskwatch.web.feed import EVERY_S, Feed
from tests.web.world import NOW, World, episode


def test_two_who_come_at_the_same_moment_hear_each_news_once(world: World) -> None:
    async def both() -> tuple[list[int], int]:
        feed = Feed(world.web)
        there = asyncio.Barrier(2)

        async def watch(*, causes: bool) -> int:
            async with feed.watch() as news:
                await there.wait()
                if causes:
                    episode(world)
                await news.get()
                await there.wait()
                await asyncio.sleep(1.5 * EVERY_S)  # in which a second look would tell it again
                return news.qsize()

        more = [*await asyncio.gather(watch(causes=True), watch(causes=False))]
        for _ in range(600):  # a look that has begun is finished first
            if len(asyncio.all_tasks()) == 1:
                break
            await asyncio.sleep(0.05)
        return more, len(asyncio.all_tasks())

    more, tasks = asyncio.run(both())
    assert more == [0, 0]
    assert tasks == 1, "nobody watches, and something still looks"


def told_after(world: World, change: Callable[[], object]) -> list[str]:
    """The episodes that somebody who watches hears of after a change."""

    def change_and_end() -> str:
        with world.store.transaction():
            change()
            return episode(world, NOW + timedelta(days=1)).id  # the newest is told last

    async def watch() -> list[str]:
        async with Feed(world.web).watch() as news:
            end = await asyncio.to_thread(change_and_end)
            told = [(await news.get()).data["id"]]
            while told[-1] != end:
                told.append((await news.get()).data["id"])
        return told[:-1]

    return asyncio.run(watch())


def test_what_moves_up_when_newer_episodes_are_deleted_is_no_news(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "_NEWEST", 3)
    made = [episode(world, NOW + timedelta(minutes=i)).id for i in range(5)]

    def change() -> None:
        delete_episodes(world.store, made[3:], actor="anna")
        world.store.episodes.acknowledge(made[2], "anna", NOW)

    assert told_after(world, change) == made[2:3]


def test_an_episode_that_was_written_late_is_news_where_all_are_looked_at(world: World) -> None:
    episode(world)
    late: list[str] = []

    def change() -> None:
        late.append(episode(world, NOW - timedelta(hours=1)).id)

    assert told_after(world, change) == late
