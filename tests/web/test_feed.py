"""What is new is told once to each who watches."""

from __future__ import annotations

import asyncio

from maskwatch.web.feed import EVERY_S, Feed
from tests.web.world import World, episode


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
