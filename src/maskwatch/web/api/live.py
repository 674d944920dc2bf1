"""What happens now: pictures, people, news as they come."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from email.utils import format_datetime
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from maskwatch.errors import MaskwatchError, RecordNotFound
from maskwatch.runtime.monitoring.live_hub import LiveView
from maskwatch.store.records import EpisodeRecord
from maskwatch.web.actions import cameras
from maskwatch.web.actions.recipients import episode_for
from maskwatch.web.api.access import Caller, Web, sender_of
from maskwatch.web.api.problems import problems
from maskwatch.web.api.views.base import View
from maskwatch.web.api.views.cameras import CameraName, CameraView
from maskwatch.web.api.views.episodes import EpisodeView
from maskwatch.web.api.views.live import LiveViewView
from maskwatch.web.context import WebContext
from maskwatch.web.feed import News
from maskwatch.web.identity import Principal
from maskwatch.web.security.scopes import SCOPE_OF_NEWS, Scope

router = APIRouter(tags=["live"])

_BOUNDARY = "maskwatch-frame"
_NOTHING = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI//////////////////////////"
    "//////////////////////////wAALCAAJABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAAT/xAAUEAEAAAAAAAAAAAAA"
    "AAAAAAAA/9oACAEBAAA/AJgH/9k="
)
"""A dark JPEG of 16x9 pixels. It takes the place of a picture that may be seen no longer: a browser
goes on showing the last one of a stream, also when the stream has ended."""
_KEEP_ALIVE_S = 15.0
_LOOK_S = 1.0
"""How often a stream of pictures asks whether the one that it showed is still there."""
_STEP_S = 0.5
"""How long news may wait without a look whether the service is about to stop."""
_CHECK_EVERY_S = 30.0
"""How often an open stream asks whether its viewer may still look."""


@router.get("/cameras/{name}/people", responses=problems(404, 422))
def people(web: Web, principal: Caller, name: CameraName) -> LiveViewView:
    """Who is before a camera now."""
    return LiveViewView.of(_view(cameras.live_view(web, principal, name), name))


@router.get(
    "/cameras/{name}/frame.jpg",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}},
        204: {
            "description": "Nothing newer came within the time; with an `X-Sequence` of 0 there is "
            "no picture at all, and an older one must not be shown any longer. Otherwise `X-Age-S` "
            "says how old the newest one is by now."
        },
        **problems(404, 422),
    },
)
async def frame(
    web: Web,
    principal: Caller,
    name: CameraName,
    after: Annotated[int, Query(ge=0, lt=1 << 53)] = 0,
    wait_s: Annotated[float, Query(ge=0, le=10)] = 0,
) -> Response:
    """The newest picture with its overlays; `X-Sequence` says which.

    With `after`, waits for a newer one for `wait_s` seconds. `Last-Modified` is when it was taken,
    and `X-Age-S` how many seconds ago: while a camera is lost, the last one stays.
    """
    view = await to_thread.run_sync(cameras.live_view, web, principal, name)
    web.must_allow_images()
    if view is not None and after > view.sequence:
        after = 0  # of a run of the service before this one
    if after or view is None:
        view = await web.hub.wait_newer(name, after, wait_s)
        if view is None:
            there = web.hub.peek(name)
            headers = {"X-Sequence": "0"} if there is None else _facts(web, there)
            return Response(status_code=204, headers=headers)
    jpeg = _jpeg(web, view)
    taken_at = format_datetime(view.at, usegmt=True)
    headers = {**_facts(web, view), "Last-Modified": taken_at}
    return Response(jpeg, media_type="image/jpeg", headers=headers)


@router.get(
    "/cameras/{name}/stream.mjpg",
    response_class=Response,
    responses={
        200: {"content": {"multipart/x-mixed-replace": {}}},
        **problems(404, 422, 429),
    },
)
async def stream(
    request: Request, web: Web, principal: Caller, name: CameraName
) -> StreamingResponse:
    """Pictures with their overlays, one after the other (MJPEG).

    Each part has `X-Age-S`: how many seconds ago it was taken. The first one is the newest that
    there is, and of a camera that is lost that is an old one.
    """
    await to_thread.run_sync(cameras.live_view, web, principal, name)
    web.must_allow_images()
    media_type = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
    return web.streams.response(
        principal.user.id, _pictures(request, web, principal, name), media_type
    )


@router.get(
    "/events",
    response_class=Response,
    responses={
        200: {
            "content": {
                "text/event-stream": {
                    "example": 'event: camera\ndata: {"camera": "door", "people": 2}\n\n'
                }
            }
        },
        **problems(429),
    },
)
async def news(request: Request, web: Web, principal: Caller) -> StreamingResponse:
    """Server-sent events: `episode` and `camera`, each with the object that has changed.

    Each kind needs the permission to read such objects as well: `episodes:read`, `cameras:read`.
    """
    principal.must_allow(Scope.LIVE)
    return web.streams.response(
        principal.user.id, _news(request, web, principal), "text/event-stream"
    )


async def _pictures(
    request: Request, web: WebContext, principal: Principal, name: str
) -> AsyncIterator[bytes]:
    """Parts of a stream: each new picture, and nothing once the last one may be seen no longer."""
    sequence = 0
    async for _ in _while_allowed(request, web, principal):
        view = await web.hub.wait_newer(name, sequence, timeout=_LOOK_S)
        if view is None and sequence and web.hub.peek(name) is None:
            sequence = 0
            yield _NO_PICTURE
        if view is None:
            continue
        sequence = view.sequence
        try:
            jpeg = _jpeg(web, view)
        except MaskwatchError:
            break
        yield _part(jpeg, web.age_s(view))
    yield _NO_PICTURE


def _part(jpeg: bytes, age_s: float) -> bytes:
    head = (
        f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nX-Age-S: {age_s:.1f}\r\n"
        f"Content-Length: {len(jpeg)}\r\n\r\n"
    )
    return head.encode() + jpeg + b"\r\n"


_NO_PICTURE = 2 * _part(_NOTHING, 0)
"""Twice, as browsers show a picture once the next one begins."""


async def _news(request: Request, web: WebContext, principal: Principal) -> AsyncIterator[bytes]:
    async with web.feed.watch() as queue:
        yield b": welcome\n\n"
        loop = asyncio.get_running_loop()
        said_at = loop.time()
        async for watcher in _while_allowed(request, web, principal):
            each = None
            with suppress(TimeoutError):
                each = await asyncio.wait_for(queue.get(), _STEP_S)
            if each is not None and watcher.allows(SCOPE_OF_NEWS[each.kind]):
                yield f"event: {each.kind}\ndata: {_json_for(watcher, each)}\n\n".encode()
            elif loop.time() - said_at >= _KEEP_ALIVE_S:
                yield b": still here\n\n"
            else:
                continue
            said_at = loop.time()


def _json_for(principal: Principal, news: News) -> str:
    """The episode or camera, as the REST API has it for somebody."""
    if isinstance(news.about, EpisodeRecord):
        view: View = EpisodeView.of(episode_for(principal, news.about))
    else:
        view = CameraView.of(news.about)
    return json.dumps(view.model_dump(mode="json"))


async def _while_allowed(
    request: Request, web: WebContext, principal: Principal
) -> AsyncIterator[Principal]:
    """Goes on until the session or token that opened a stream has ended, or the service does.

    Yields:
        Who watches, with the rights of now.
    """
    loop = asyncio.get_running_loop()
    checked_at = loop.time()
    while not web.hub.is_closed:
        if loop.time() - checked_at >= _CHECK_EVERY_S:
            checked_at = loop.time()
            try:
                principal = await to_thread.run_sync(sender_of, request, web)
                principal.must_allow(Scope.LIVE)
            except MaskwatchError:
                return
        yield principal


def _view(view: LiveView | None, name: str) -> LiveView:
    if view is None:
        raise RecordNotFound(f"the camera {name!r} has shown nothing yet")
    return view


def _facts(web: WebContext, view: LiveView) -> dict[str, str]:
    """Which picture it is, and how old by now."""
    return {"X-Sequence": str(view.sequence), "X-Age-S": f"{web.age_s(view):.1f}"}


def _jpeg(web: WebContext, view: LiveView) -> bytes:
    web.must_allow_images()
    if view.jpeg is None:
        raise RecordNotFound(f"the camera {view.camera!r} shows no picture")
    return view.jpeg
