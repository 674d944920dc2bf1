"""Photos of a time when the privacy policy allowed more: their faces are hidden afterwards."""

from __future__ import annotations

import logging
from dataclasses import replace

from maskwatch.config.privacy import Photos
from maskwatch.draw import pixelate
from maskwatch.errors import RecordNotFound, SnapshotDamaged
from maskwatch.outputs.jpeg import decode_jpeg, encode_jpeg
from maskwatch.runtime.monitoring.finish import PHOTO_QUALITY
from maskwatch.store.records import SnapshotRecord
from maskwatch.store.store import Store

_log = logging.getLogger(__name__)

_APPLIED = "privacy.photos"
"""Name of the setting that says which policy all stored photos were made to fit."""


def hide_faces(store: Store) -> int:
    """Hides the faces that stored photos may show no longer; says in how many photos.

    It looks at the photos only when the policy is another one than last time, so it may be called
    every minute. With ``none`` photos go altogether, which is up to retention.

    Raises:
        StoreError: a photo cannot be replaced or deleted. The next call goes on with it.
    """
    policy = store.snapshots.photos
    if store.settings.get(_APPLIED) == policy:
        return 0
    records = store.snapshots.too_clear() if policy is Photos.BLURRED else []
    for record in records:
        _hide(store, record)
    store.settings.set(_APPLIED, policy)
    return len(records)


def _hide(store: Store, record: SnapshotRecord) -> None:
    try:
        image = decode_jpeg(store.snapshots.read_file(record))
    except (SnapshotDamaged, ValueError) as error:
        # Nobody knows what it shows.
        _log.warning("a photo whose faces should be hidden is deleted: %s", error)
        store.snapshots.delete([record], reason="policy")
        return
    shown = [face.box for face in record.faces if not face.blurred]
    faces = [replace(face, blurred=True) for face in record.faces]
    try:
        store.snapshots.replace(record, encode_jpeg(pixelate(image, shown), PHOTO_QUALITY), faces)
    except RecordNotFound:
        _log.info("a photo was deleted before its faces were hidden: %s", record.file)
