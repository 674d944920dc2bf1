"""What a message needs to know, from the store."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from maskwatch.alerts.due import Known
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

    def known(self, row: Delivery) -> Known:
        """How what a row is about stands now."""
        return Known(
            episode=next(iter(self.episodes([row])), None),
            is_present=self._roll_call.has(row.camera),
            trouble=self._roll_call.trouble(row.camera, row.payload.get("kind", "")),
        )

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

    def _episode(self, episode_id: str) -> EpisodeRecord | None:
        try:
            return self._store.episodes.get(episode_id)
        except RecordNotFound:
            return None
