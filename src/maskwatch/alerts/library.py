"""What a message needs to know, from the store."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from maskwatch.alerts.roll_call import RollCall
from maskwatch.errors import RecordNotFound, SnapshotDamaged, SnapshotRefused
from maskwatch.patience import PHOTO_LIMIT_S, Overdue, Patience
from maskwatch.store.records import Delivery, EpisodeRecord
from maskwatch.store.store import Store

_log = logging.getLogger(__name__)


class Library:
    """Looks things up for messages.

    Args:
        store: where they are. What was stored under a laxer privacy policy is not sent.
        roll_call: the cameras that there are.
    """

    def __init__(self, store: Store, roll_call: RollCall) -> None:
        self._store = store
        self._roll_call = roll_call
        self._patience = Patience(PHOTO_LIMIT_S)

    def episodes(self, rows: Sequence[Delivery]) -> list[EpisodeRecord]:
        """The episodes of rows, each once, in the order of the rows; deleted ones are left out."""
        ids = dict.fromkeys(row.episode_id for row in rows if row.episode_id is not None)
        found = (self._episode(each) for each in ids)
        return [each for each in found if each is not None]

    def photo(self, episode: EpisodeRecord) -> bytes | None:
        """The photo of an episode, as far as there is one that may be sent; JPEG."""
        if episode.snapshot_id is None:
            return None
        photo = episode.snapshot_id
        try:
            return self._patience.ask(lambda: self._store.snapshots.read(photo))
        except (RecordNotFound, SnapshotRefused):  # retention was faster, or the policy is stricter
            return None
        except (SnapshotDamaged, OSError) as error:
            _log.warning("a message goes without its photo: %s", error)
            return None
        except Overdue as error:
            _log.warning("a message goes without its photo: the disk %s", error)
            return None

    def why_over(self, row: Delivery, now: datetime) -> str | None:
        """Why the trouble with a camera that a row is about is no news; None while it is."""
        kind = row.payload.get("kind")
        if kind is None:
            return None
        if not self._roll_call.has(row.camera):  # what is still down is told anew
            return "the camera was removed or switched off, or the service was started anew"
        trouble = self._roll_call.trouble(row.camera, kind)
        if trouble is None or trouble.since != row.created_at:
            return "the camera recovered, or the service was started anew"
        return "the camera recovered" if trouble.is_over(now) else None

    def decided_at(self, row: Delivery) -> datetime | None:
        """When it shows whether the trouble that a row is about is over; None if it shows now.

        A camera that is back may be gone again in a moment.
        """
        kind = row.payload.get("kind")
        trouble = None if kind is None else self._roll_call.trouble(row.camera, kind)
        return None if trouble is None else trouble.over_at()

    def _episode(self, episode_id: str) -> EpisodeRecord | None:
        try:
            return self._store.episodes.get(episode_id)
        except RecordNotFound:
            return None
