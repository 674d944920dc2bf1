"""What somebody may ask for who was filmed: everything about an episode, or that it goes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from maskwatch.errors import OutputError, SnapshotDamaged, StoreError
from maskwatch.reasons import system_reason
from maskwatch.store import rows
from maskwatch.store.columns import face_as_json
from maskwatch.store.files import write_durably
from maskwatch.store.records import (
    AuditEntry,
    DeletionReason,
    EpisodeRecord,
    PersonRecord,
    ReviewItem,
    SnapshotRecord,
)
from maskwatch.store.retention import forget_episodes
from maskwatch.store.schema import people, reviews
from maskwatch.store.snapshots import Freed
from maskwatch.store.store import Store


@dataclass(frozen=True, slots=True)
class Told:
    """All that is stored about an episode."""

    files: Mapping[str, bytes]
    """By name: ``episode.json`` and the photos."""
    damaged: Sequence[str]
    """Why photos that there should be are not among them; ``episode.json`` says so, too."""


def tell_episode(store: Store, episode_id: str, *, actor: str, beyond_policy: bool = False) -> Told:
    """Everything about an episode, for whoever was filmed. The audit log notes it.

    Args:
        store: where it is.
        episode_id: which.
        actor: for the audit log.
        beyond_policy: also photos of a time when the privacy policy allowed more, while the faces
            in them are not hidden yet; ``episode.json`` names those that are kept back.

    Raises:
        RecordNotFound: there is no such episode.
    """
    episode = store.episodes.get(episode_id)
    photos = store.snapshots.of_episode(episode.id)
    known = _known(store, episode, photos)
    shown = [each for each in photos if beyond_policy or store.snapshots.may_be_seen(each)]
    known["being_hidden"] = [each.file for each in photos if each not in shown]
    # First, as no part of it may be handed out without a note.
    store.audit.append(actor, "episode.exported", episode.id, {"photos": len(shown)})
    pictures, damaged = {}, []
    for photo in shown:
        try:
            pictures[f"{photo.id}.jpg"] = store.snapshots.read_file(photo)
        except SnapshotDamaged as error:
            damaged.append(str(error))
    known["damaged"] = damaged
    text = json.dumps(known, indent=2, ensure_ascii=False, default=datetime.isoformat)
    return Told({"episode.json": text.encode(), **pictures}, damaged)


def export_episodes(
    store: Store, ids: Sequence[str], folder: Path, *, actor: str
) -> tuple[Path, ...]:
    """Writes all that is stored about episodes: a folder each, with ``episode.json`` and photos.

    Whatever the privacy policy is now: whoever gets so far may read the files all the same.

    Args:
        store: where they are.
        ids: of the episodes.
        folder: to make the folders in.
        actor: for the audit log.

    Returns:
        The folders.

    Raises:
        RecordNotFound: there is no such episode; nothing is written then.
        OutputError: a file cannot be written, or a photo is damaged; all else of its episode is
            there in the latter case.
    """
    episodes = [store.episodes.get(each) for each in ids]
    return tuple(_export(store, each.id, folder / each.id, actor) for each in episodes)


def delete_episodes(store: Store, ids: Sequence[str], *, actor: str) -> int:
    """Deletes episodes with photos, timelines, messages, labels and the person's row.

    That it was done, by whom and when, stays in the audit log and among the deletions, with the
    ids and the checksums of the photos, from which nobody can be recognised. Of somebody who is
    still in the picture nothing more is written, unless another violation begins.

    Args:
        store: where they are.
        ids: of the episodes.
        actor: for the audit log and the proof.

    Returns:
        How many photos went.

    Raises:
        RecordNotFound: there is no such episode; nothing is deleted then.
        StoreError: a photo cannot be deleted; its episode is still there then.
    """
    photos, reason = 0, DeletionReason.SUBJECT_REQUEST
    for episode in [store.episodes.get(each) for each in ids]:
        freed = _delete_photos(store, episode, actor)
        # In one, so that after an interruption all of it is still there to be deleted again, and
        # so that the recorder writes no row between (see `Episodes.are_there`).
        with store.transaction():
            forget_episodes(store, [episode.id], reason=reason, actor=actor)
            freed += _delete_photos(store, episode, actor)  # what the recorder saved meanwhile
            person = _person_of(store, episode)
            if person is not None:
                rows.delete(store.database, people, people.c.id == person.id)
                store.deletions.note("people", person.id, reason=reason, actor=actor)
            detail = {"photos": freed.photos, "person": person is not None}
            store.audit.append(actor, "episode.deleted", episode.id, detail)
        photos += freed.photos
    store.database.empty_log()
    return photos


def _delete_photos(store: Store, episode: EpisodeRecord, actor: str) -> Freed:
    freed = store.snapshots.delete(
        store.snapshots.of_episode(episode.id), reason=DeletionReason.SUBJECT_REQUEST, actor=actor
    )
    for file, why in freed.stuck.items():
        raise StoreError(f"the photo {file} cannot be deleted, nor its episode: {why}")
    return freed


def _export(store: Store, episode_id: str, folder: Path, actor: str) -> Path:
    told = tell_episode(store, episode_id, actor=actor, beyond_policy=True)
    try:
        for name, content in told.files.items():
            write_durably(folder / name, content)
    except OSError as error:
        raise OutputError(str(folder), system_reason(error)) from error
    if told.damaged:
        raise OutputError(str(folder), f"all was written except {'; '.join(told.damaged)}")
    return folder


def _known(
    store: Store, episode: EpisodeRecord, photos: Sequence[SnapshotRecord]
) -> dict[str, Any]:
    labels = rows.fetch(
        store.database,
        sa.select(*rows.columns_of(reviews, ReviewItem)).where(reviews.c.episode_id == episode.id),
        ReviewItem,
    )
    person = _person_of(store, episode)
    return {
        "episode": _plain(episode),
        "person": None if person is None else _plain(person),
        "timeline": [_plain(point) for point in store.episodes.timeline(episode.id)],
        "messages": [_plain(each) for each in store.deliveries.of_episode(episode.id)],
        "labels": [_plain(each) for each in labels],
        "photos": [
            _plain(photo) | {"faces": [face_as_json(face) for face in photo.faces]}
            for photo in photos
        ],
        "seen_by": [_plain(each) for each in _seen_by(store, episode, labels)],
    }


def _seen_by(
    store: Store, episode: EpisodeRecord, labels: Sequence[ReviewItem]
) -> list[AuditEntry]:
    """What the audit log says of the episode, newest first.

    What is done in review is under the episode's id; older versions wrote the face's.
    """
    return store.audit.about([episode.id, *(each.id for each in labels)])


def _person_of(store: Store, episode: EpisodeRecord) -> PersonRecord | None:
    """The row of the person, found by camera, number of the track, and time."""
    query = sa.select(*rows.columns_of(people, PersonRecord)).where(
        people.c.camera == episode.camera,
        people.c.track == episode.track,
        people.c.first_at <= (episode.ended_at or episode.started_at),
        people.c.last_at >= episode.started_at,
    )
    return next(iter(rows.fetch(store.database, query.limit(1), PersonRecord)), None)


def _plain(record: Any) -> dict[str, Any]:
    return {name: value for name, value in rows.values_of(record).items() if name != "faces"}
