"""Makes pictures fit to be stored, sent or shown: faces are hidden before anything else happens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.draw import Mark, draw_marks, pixelate
from maskwatch.events.camera import Presence, Sight
from maskwatch.events.photos import Photo, PhotoFace
from maskwatch.frames.deferred import DeferredFrame
from maskwatch.outputs.jpeg import decode_jpeg, encode_jpeg, scaled_down
from maskwatch.store.records import SnapshotFace
from maskwatch.types import Box, Frame

PHOTO_PX = 1920
PHOTO_QUALITY = 88
_PACKED_QUALITY = 95
LIVE_PX = 960
LIVE_QUALITY = 75


def packed(frame: Frame) -> Frame:
    """The frame with its picture as a JPEG, a tenth of its size or less, until it is asked for."""
    data = encode_jpeg(frame.image, _PACKED_QUALITY)
    make = partial(decode_jpeg, data)
    return DeferredFrame(frame.source, frame.index, frame.t, make, frame.captured_at)


@dataclass(frozen=True, slots=True)
class FinishedPhoto:
    """A photo after the privacy policy was applied."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    taken_at: datetime
    faces: tuple[SnapshotFace, ...]
    """The subject first; boxes in pixels of the photo."""


def taken_at(frame: Frame) -> datetime:
    """When a frame was taken, in UTC; now for one that does not say."""
    return frame.captured_at or datetime.now(UTC)


def finish_photo(photo: Photo, privacy: PrivacyConfig) -> FinishedPhoto | None:
    """The photo of a violation as it may be kept; None when none may."""
    if not privacy.images_allowed:
        return None
    allowed = privacy.stored_photos
    boxes = [face.box for face in photo.faces if not allowed.shows(is_subject=face.is_subject)]
    traces = () if allowed.shows(is_subject=True) else photo.traces
    image = pixelate(photo.frame.image, [*boxes, *photo.hidden, *traces])
    image, factor = scaled_down(image, PHOTO_PX)
    height, width = image.shape[:2]
    faces = tuple(_snapshot_face(face, factor, allowed) for face in photo.faces)
    jpeg = encode_jpeg(image, PHOTO_QUALITY)
    return FinishedPhoto(jpeg, width, height, taken_at(photo.frame), faces)


def live_picture(sight: Sight, people: Sequence[Presence], privacy: PrivacyConfig) -> bytes | None:
    """A picture with overlays for the dashboard; None when none may be shown.

    With ``clear`` only those in violation can be seen; everybody else is a bystander.
    """
    if not privacy.images_allowed:
        return None
    shown = [
        each.track.reading.face.box
        for each in people
        if privacy.stored_photos.shows(is_subject=each.episode_t is not None)
    ]
    hidden = [place.box for place in sight.hidden if not _is_one_of(place.box, shown)]
    image, factor = scaled_down(pixelate(sight.frame.image, hidden), LIVE_PX)
    marks = [Mark.of_track(each.track) for each in people]
    marks = [replace(mark, box=mark.box.scaled(factor)) for mark in marks]
    return encode_jpeg(draw_marks(image, marks), LIVE_QUALITY)


def _is_one_of(box: Box, shown: Iterable[Box]) -> bool:
    """Whether a place to hide is the face itself: the middle of each lies in the other."""
    return any(_holds_middle(box, other) and _holds_middle(other, box) for other in shown)


def _holds_middle(outer: Box, inner: Box) -> bool:
    x, y = inner.middle
    return outer.x0 <= x <= outer.x1 and outer.y0 <= y <= outer.y1


def _snapshot_face(face: PhotoFace, factor: float, allowed: Photos) -> SnapshotFace:
    return SnapshotFace(
        box=face.box.scaled(factor),
        state=face.state,
        fault=face.fault,
        coverage=face.coverage,
        is_subject=face.is_subject,
        blurred=not allowed.shows(is_subject=face.is_subject),
    )
