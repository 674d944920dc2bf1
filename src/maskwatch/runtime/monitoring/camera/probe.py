"""One picture of an address: is there a camera, and what does it see?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from maskwatch.config.cameras import CameraConfig, camera_of
from maskwatch.draw import pixelate
from maskwatch.errors import ConfigError, SourceCause, SourceError, UsageError
from maskwatch.outputs.jpeg import encode_jpeg, scaled_down
from maskwatch.runtime.live.backoff import ReconnectPolicy
from maskwatch.runtime.live.source import LiveOptions, LiveSource
from maskwatch.runtime.monitoring.camera.capture import NOT_LIVE
from maskwatch.runtime.monitoring.camera.rules import input_of
from maskwatch.runtime.monitoring.control import CameraProbe
from maskwatch.runtime.monitoring.finish import PHOTO_PX, PHOTO_QUALITY
from maskwatch.runtime.monitoring.inference import InferenceFailed

if TYPE_CHECKING:
    from maskwatch.config.privacy import PrivacyConfig
    from maskwatch.frames.reach import Reach
    from maskwatch.runtime.live.messages import DecoderOrder
    from maskwatch.runtime.monitoring.camera.capture import AbortableDecoding
    from maskwatch.runtime.monitoring.inference import SharedInference
    from maskwatch.types import Frame

_ONE_TRY = ReconnectPolicy(max_attempts=0)


def probe_camera(
    url: str,
    timeout_s: float,
    inference: SharedInference,
    privacy: PrivacyConfig,
    connect: Callable[[DecoderOrder], AbortableDecoding],
    reach: Reach,
) -> CameraProbe:
    """What an address shows: its picture, or where there must be none its size alone.

    Args:
        url: as in the section of a camera.
        timeout_s: for everything together.
        inference: finds the faces to hide.
        privacy: the policy.
        connect: starts a connection.
        reach: where the address may lead.

    Raises:
        SourceError: no picture came, and why.
        UsageError: it is no address.
        InferenceFailed: the faces in the picture could not be looked for.
        InferenceStopped: the service is about to end.
    """
    frame = first_frame(_section_of(url), timeout_s, connect, reach)
    height, width = frame.image.shape[:2]
    if not privacy.images_allowed:
        return CameraProbe(width, height, None)
    # Far faces too: nobody knows yet whether the camera will look for them.
    look = inference.look(lambda: frame, lambda *_: [], small_faces=True)
    if look is None:
        raise InferenceFailed("the faces in the picture were not looked for")
    image, _ = scaled_down(pixelate(frame.image, [face.box for face in look.found]), PHOTO_PX)
    return CameraProbe(width, height, encode_jpeg(image, PHOTO_QUALITY))


def first_frame(
    config: CameraConfig,
    timeout_s: float,
    connect: Callable[[DecoderOrder], AbortableDecoding],
    reach: Reach | None = None,
) -> Frame:
    """The first picture of a camera.

    Args:
        config: its section.
        timeout_s: for everything together.
        connect: starts a connection.
        reach: where its address may lead; None for anywhere.

    Raises:
        SourceError: none came, or one that is not live, and why.
    """
    decodings: list[AbortableDecoding] = []

    def remembered(order: DecoderOrder) -> AbortableDecoding:
        decodings.append(connect(order))
        return decodings[-1]

    def abort_all() -> None:
        for decoding in decodings:
            decoding.abort()

    began = time.monotonic()
    watchdog = threading.Timer(timeout_s, abort_all)
    watchdog.daemon = True
    watchdog.start()
    options = LiveOptions(config.open_timeout_s, config.read_timeout_s, _ONE_TRY, config.turn)
    camera = input_of(config, config.address, reach)
    try:
        with LiveSource(camera, options=options, connect=remembered) as source:
            if not source.is_live:
                raise SourceError(camera.name, NOT_LIVE, SourceCause.NOT_LIVE)
            for frame in source:
                return frame
    except SourceError as error:
        if time.monotonic() - began >= timeout_s:
            raise SourceError(camera.name, f"no picture within {timeout_s:g} s") from error
        raise
    finally:
        watchdog.cancel()
    raise SourceError(camera.name, "it ended without a picture")


def _section_of(url: str) -> CameraConfig:
    try:
        return camera_of({"url": url})
    except ConfigError as error:
        raise UsageError("; ".join(each.reason for each in error.problems)) from error
