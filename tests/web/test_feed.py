"""What is new is told once to each who watches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from maskwatch.errors import StoreError
from maskwatch.store.records import EpisodeRecord, Page, Role
from maskwatch.store.subject import delete_episodes
from maskwatch.web import feed as feed_module
from maskwatch.web.actions.episodes import acknowledge_as
from maskwatch.web.api import live
from maskwatch.web.feed import EVERY_S, Feed
from maskwatch.web.identity import of_session
from tests.web.made_up import episode
from tests.web.world import NOW, World, log_in


def test_two_who_come_at_the_same_moment_hear_each_news_once(world: World) -> None:
    async def both() -> tuple[list[int], int]:
        feed = Feed(world.store, world.web.control)
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
        async with Feed(world.store, world.web.control).watch() as news:
            end = await asyncio.to_thread(change_and_end)
            told = [(await news.get()).about.id]
            while told[-1] != end:
                told.append((await news.get()).about.id)
        return told[:-1]

    return asyncio.run(watch())


def test_a_store_that_stays_away_is_told_once_and_so_is_its_return(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    original, words = world.store.episodes.page, 5 * ["the server is away"]

    def page(*arguments: Any, **named: Any) -> Page[EpisodeRecord]:
        if words:
            raise StoreError(words.pop())
        return original(*arguments, **named)

    async def watch() -> None:
        async with Feed(world.store, world.web.control).watch() as news:
            monkeypatch.setattr(world.store.episodes, "page", page)
            episode(world)
            await news.get()

    monkeypatch.setattr(feed_module, "EVERY_S", 0.01)
    asyncio.run(watch())
    assert [each for each in caplog.messages if "can be told" in each] == [
        "nothing new can be told: the server is away",
        "what is new can be told again",
    ]


def test_what_moves_up_when_newer_episodes_are_deleted_is_no_news(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "_NEWEST", 3)
    made = [episode(world, NOW + timedelta(minutes=i)).id for i in range(5)]

    def change() -> None:
        delete_episodes(world.store, made[3:], actor="anna")
        world.store.episodes.acknowledge(made[2], "anna", NOW)

    assert told_after(world, change) == made[2:3]


def test_the_end_of_an_episode_is_news_however_many_began_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would last for ever, for whoever goes by what is told."""
    monkeypatch.setattr(feed_module, "_NEWEST", 3)
    long, gone, *_ = [episode(world, NOW + timedelta(minutes=i)) for i in range(8)]

    def change() -> None:
        delete_episodes(world.store, [gone.id], actor="anna")
        world.store.episodes.update(
            long.id,
            state=long.state,
            fault=long.fault,
            coverage=long.coverage,
            ended_at=NOW + timedelta(hours=1),
        )

    assert told_after(world, change) == [long.id]


def test_a_program_hears_only_of_what_it_may_read(site: str) -> None:
    with httpx.Client(base_url=site, timeout=60) as anna:
        log_in(anna)
        body = {"name": "wall", "scopes": ["live", "cameras:read"]}
        token = anna.post("/api/v1/tokens", json=body).json()["token"]
        wall = httpx.Client(base_url=site, timeout=60, headers={"Authorization": f"Bearer {token}"})
        with wall, wall.stream("GET", "/api/v1/events") as answer:
            lines = answer.iter_lines()
            assert next(lines) == ": welcome"
            [newest] = anna.get("/api/v1/episodes?limit=1").json()["items"]
            anna.post(f"/api/v1/episodes/{newest['id']}/correct", json={"state": "mask"})
            anna.post("/api/v1/cameras/canteen/stop")  # told of after the episode
            told = []
            while not told or "stopped" not in told[-1]:
                told.append(next(lines))
    assert {each for each in told if each.startswith("event:")} == {"event: camera"}
    assert newest["id"] not in "".join(told)


@pytest.mark.parametrize(("name", "sees"), [("vera", False), ("anna", True)])
def test_news_name_who_followed_the_link_of_a_message_to_administrators(
    world: World, name: str, sees: bool
) -> None:
    made, actor = episode(world), "link:officer@hospital.test"
    principal = world.principal(name)
    request = Request({"type": "http", "headers": []})

    async def told() -> str:
        stream = live._news(request, world.web, principal)
        assert await anext(stream) == b": welcome\n\n"
        await asyncio.to_thread(acknowledge_as, world.web, actor, made.id)
        news = await anext(stream)
        await stream.aclose()
        return news.decode()

    kind, data = asyncio.run(told()).splitlines()[:2]
    assert kind == "event: episode"
    said = json.loads(data.removeprefix("data: "))
    assert (said["id"], said["acknowledged_by"]) == (made.id, actor if sees else "link:***")


def test_a_stream_tells_no_more_than_its_watcher_may_know_by_now(
    world: World, admin: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is an administrator no longer sees no address of a recipient, also on an open stream."""
    monkeypatch.setattr(live, "_CHECK_EVERY_S", 0.0)
    first, second = episode(world), episode(world)
    secret = admin.cookies[world.web.cookie.name]
    principal = of_session(world.web, secret)
    cookie = (b"cookie", f"{world.web.cookie.name}={secret}".encode())
    request = Request({"type": "http", "headers": [cookie]})

    def acknowledge(episode_id: str) -> None:
        anna = world.store.users.get(principal.user.id)
        world.store.users.replace(replace(anna, role=Role.VIEWER))
        acknowledge_as(world.web, "link:officer@hospital.test", episode_id)

    async def told() -> bytes:
        stream = live._news(request, world.web, principal)
        assert await anext(stream) == b": welcome\n\n"
        for each in (first, second):  # the first may come while nobody has looked anew yet
            await asyncio.to_thread(acknowledge, each.id)
            news = await anext(stream)
        await stream.aclose()
        return news

    data = asyncio.run(told()).splitlines()[1]
    said = json.loads(data.removeprefix(b"data: "))
    assert (said["id"], said["acknowledged_by"]) == (second.id, "link:***")


def test_an_episode_that_was_written_late_is_news_where_all_are_looked_at(world: World) -> None:
    episode(world)
    late: list[str] = []

    def change() -> None:
        late.append(episode(world, NOW - timedelta(hours=1)).id)

    assert told_after(world, change) == late
