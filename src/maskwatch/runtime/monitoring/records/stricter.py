"""Photos of a time when the privacy policy allowed more: their faces are hidden afterwards."""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from maskwatch.config.privacy import Photos
from maskwatch.draw import pixelate
from maskwatch.errors import SnapshotDamaged
from maskwatch.outputs.jpeg import decode_jpeg, encode_jpeg
from maskwatch.reasons import system_reason
from maskwatch.runtime.monitoring.finish import PHOTO_QUALITY
from maskwatch.store.records import DeletionReason, SnapshotRecord
from maskwatch.store.snapshots import Freed
from maskwatch.store.store import Store

_log = logging.getLogger(__name__)


TURN_S = 300.0
"""Of many thousands of photos, what is left after so long waits: retention must have its turn."""


def hide_faces(store: Store, turn_s: float = TURN_S) -> Freed:
    """Hides the faces that stored photos may show no longer; says what became of those photos.

    The newest ones first, as it is those that people look at. One that cannot be replaced keeps
    no other one. While this goes on the policy may become another one: what it allows stays. With
    ``none`` photos go altogether, which is up to retention.

    Args:
        store: holds the photos.
        turn_s: no photo is begun later than that; the next call goes on.

    Raises:
        StoreError: the database cannot be used. The next call goes on with it.
    """
    freed = Freed()
    if store.snapshots.photos is not Photos.BLURRED:
        return freed
    end = time.monotonic() + turn_s
    for record in store.snapshots.too_clear():
        freed += _hide(store, record)
        if store.snapshots.photos is not Photos.BLURRED or time.monotonic() >= end:
            break
    return freed


def _hide(store: Store, record: SnapshotRecord) -> Freed:
    try:
        image = decode_jpeg(store.snapshots.read_file(record))
    except (SnapshotDamaged, ValueError) as error:
        cause = error.__cause__
        if isinstance(cause, FileNotFoundError):
            return Freed()  # perhaps its disk is not mounted, and its row must find it then
        if isinstance(cause, OSError):  # as of a share whose server is away: it may be back soon
            return Freed(stuck={record.file: system_reason(cause)})
        # Nobody knows what it shows.
        _log.warning("a photo whose faces should be hidden is deleted: %s", error)
        return store.snapshots.delete([record], reason=DeletionReason.POLICY)
    shown = [face.box for face in record.faces if not face.blurred]
    faces = [replace(face, blurred=True) for face in record.faces]
    hidden = encode_jpeg(pixelate(image, shown), PHOTO_QUALITY)
    return store.snapshots.replace(record, hidden, faces)
