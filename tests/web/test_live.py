"""Streams of live pictures: what they show, and what they leave behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from starlette.requests import Request

from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.store.records import Role
from maskwatch.web.api import live
from maskwatch.web.identity import Principal
from maskwatch.web.security.scopes import scopes_of
from tests.web.world import World, publish

PICTURE, NOTHING = ["picture"], ["nothing", "nothing"]
"""What is sent at once. A browser shows a picture when the next one begins: nothing comes twice."""


def stream_of(world: World) -> AsyncIterator[bytes]:
    """A stream of the entrance."""
    request = Request({"type": "http", "headers": []})
    principal = Principal(world.add_user("eve", Role.VIEWER), "eve", scopes_of(Role.VIEWER))
    return live._pictures(request, world.web, principal, "entrance")


async def sent(world: World) -> AsyncIterator[list[str]]:
    """What a stream of the entrance sends."""
    async for some in stream_of(world):
        kinds = []
        for part in some.split(b"--maskwatch-frame\r\n")[1:]:
            head, _, jpeg = part.removesuffix(b"\r\n").partition(b"\r\n\r\n")
            assert head.endswith(b"Content-Length: %d" % len(jpeg))
            assert jpeg.startswith(b"\xff\xd8\xff")
            kinds.append("nothing" if jpeg == live._NOTHING else "picture")
        yield kinds


def test_a_stream_shows_nothing_when_its_last_picture_may_be_seen_no_longer(world: World) -> None:
    async def watch() -> None:
        publish(world, "entrance")
        stream = sent(world)
        assert await anext(stream) == PICTURE
        world.hub.forget("entrance")  # it is watched anew under other settings
        assert await anext(stream) == NOTHING
        publish(world, "entrance")
        assert await anext(stream) == PICTURE
        world.service.policy = (PrivacyConfig(photos=Photos.NONE),)
        world.hub.publish("entrance", None, (), world.web.now())
        assert [each async for each in stream] == [NOTHING]

    asyncio.run(watch())


def test_a_stream_says_how_old_its_pictures_are(world: World) -> None:
    """To whoever opens it, the last picture of a lost camera comes at once."""
    publish(world, "entrance", ago=timedelta(seconds=90))
    first = asyncio.run(anext(stream_of(world)))
    head = first.partition(b"\r\n\r\n")[0]
    assert b"X-Age-S: 90.0" in head.split(b"\r\n")


def test_a_stream_that_ends_leaves_no_picture_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_CHECK_EVERY_S", 0.0)  # nobody is logged in

    async def watch() -> list[list[str]]:
        publish(world, "entrance")
        return [each async for each in sent(world)]

    assert asyncio.run(watch()) == [NOTHING]
