"""Live pictures, people and streams: what they show, and what they leave behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.types import State
from maskwatch.web.api import live
from maskwatch.web.identity import Principal, of_session
from tests.web.made_up import person, publish
from tests.web.world import World

PICTURE, NOTHING = ["picture"], ["nothing", "nothing"]
"""What is sent at once. A browser shows a picture when the next one begins: nothing comes twice."""


def stream_of(world: World) -> AsyncIterator[bytes]:
    """A stream of the entrance."""
    request = Request({"type": "http", "headers": []})
    return live._pictures(request, world.web, world.principal("vera"), "entrance")


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


def test_a_stream_stays_open_for_whom_it_was_opened(
    admin: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a session, a header for a token that has none in it changes nothing."""
    monkeypatch.setattr(live, "_CHECK_EVERY_S", 0.0)
    secret = admin.cookies[world.web.cookie.name]
    admin.headers["Authorization"] = "Bearer"
    assert admin.get("/api/v1/me").status_code == 200
    cookie = (b"cookie", f"{world.web.cookie.name}={secret}".encode())
    request = Request({"type": "http", "headers": [cookie, (b"authorization", b"Bearer")]})
    principal = of_session(world.web, secret)

    async def watcher() -> Principal:
        return await anext(live._while_allowed(request, world.web, principal))

    assert asyncio.run(watcher()) == principal


def test_live_pictures_and_people_come_from_the_hub(admin: TestClient, world: World) -> None:
    assert admin.get("/api/v1/cameras/entrance/people").status_code == 404
    publish(world, "entrance", [person(7, State.NO_MASK)])
    told = admin.get("/api/v1/cameras/entrance/people").json()
    assert [each["track"] for each in told["people"]] == [7]
    frame = admin.get("/api/v1/cameras/entrance/frame.jpg")
    view = world.hub.latest("entrance")
    assert view is not None
    assert frame.content == view.jpeg
    assert parsedate_to_datetime(frame.headers["last-modified"]) == view.at.replace(microsecond=0)
    newer = {"after": frame.headers["x-sequence"]}
    assert admin.get("/api/v1/cameras/entrance/frame.jpg", params=newer).status_code == 204
    assert admin.get("/api/v1/cameras/nowhere/frame.jpg").status_code == 404


def test_every_answer_says_how_old_the_newest_picture_is(admin: TestClient, world: World) -> None:
    """While a camera is lost, or the models fail, the last one stays the newest."""
    publish(world, "entrance", ago=timedelta(seconds=12.5))
    address = "/api/v1/cameras/entrance/frame.jpg"
    first = admin.get(address)
    again = admin.get(address, params={"after": first.headers["x-sequence"]})
    assert [each.status_code for each in (first, again)] == [200, 204]
    assert [each.headers["x-age-s"] for each in (first, again)] == ["12.5", "12.5"]
    world.hub.forget("entrance")
    assert "x-age-s" not in admin.get(address).headers


def test_whoever_has_a_picture_of_before_a_restart_of_the_service_gets_the_newest(
    admin: TestClient, world: World
) -> None:
    """Views are numbered anew then, so that none would be newer for as long as it ran before."""
    publish(world, "entrance")
    view = world.hub.latest("entrance")
    assert view is not None
    frame = admin.get("/api/v1/cameras/entrance/frame.jpg?after=500000")
    assert (frame.status_code, frame.headers["x-sequence"]) == (200, str(view.sequence))


def test_a_picture_that_may_be_shown_no_more_is_told_apart_from_none_that_is_newer(
    admin: TestClient, world: World
) -> None:
    publish(world, "entrance", [])
    address = "/api/v1/cameras/entrance/frame.jpg"
    sequence = admin.get(address).headers["x-sequence"]
    answer = admin.get(address, params={"after": sequence})
    assert (answer.status_code, answer.headers["x-sequence"]) == (204, sequence)
    world.hub.forget("entrance")
    answer = admin.get(address, params={"after": sequence})
    assert (answer.status_code, answer.headers["x-sequence"]) == (204, "0")
