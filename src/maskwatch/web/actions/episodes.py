"""Looking at episodes, acknowledging them, saying that they are wrong."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from maskwatch.alerts.due import why_settled
from maskwatch.alerts.links import LinkClaim, read_link
from maskwatch.errors import RecordNotFound, UsageError
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    Delivery,
    EpisodeFilter,
    EpisodeRecord,
    Page,
    ReviewItem,
    ReviewReason,
    SnapshotRecord,
    TimelinePoint,
)
from maskwatch.store.subject import delete_episodes, tell_episode
from maskwatch.types import Fault, State, fault_fits
from maskwatch.web.actions.recipients import delivery_for, episode_for
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.security.scopes import Scope


@dataclass(frozen=True, slots=True)
class EpisodeDetail:
    """Everything about one episode but the photo's bytes."""

    episode: EpisodeRecord
    timeline: Sequence[TimelinePoint]
    deliveries: Sequence[Delivery]
    snapshot: SnapshotRecord | None
    photo_may_be_seen: bool
    """Otherwise there is none, or its faces are still being hidden."""


def list_episodes(
    web: WebContext,
    principal: Principal,
    wanted: EpisodeFilter,
    after: str | None = None,
    limit: int = 50,
) -> Page[EpisodeRecord]:
    """One page of episodes, the newest first."""
    principal.must_allow(Scope.EPISODES_READ)
    page = web.store.episodes.page(wanted, after=after, limit=limit)
    return Page(tuple(episode_for(principal, each) for each in page.items), page.next)


def count_episodes(web: WebContext, principal: Principal, wanted: EpisodeFilter) -> int:
    """How many there are on all pages."""
    principal.must_allow(Scope.EPISODES_READ)
    return web.store.episodes.count(wanted)


def camera_names(web: WebContext, principal: Principal) -> list[str]:
    """The cameras that there are, and after them those that only episodes are left of."""
    principal.must_allow(Scope.EPISODES_READ)
    return web.names_with(web.store.episodes.cameras())


def see_episode(web: WebContext, principal: Principal, episode_id: str) -> EpisodeDetail:
    """One episode; the audit log notes who looked.

    Raises:
        RecordNotFound: there is none of that id.
    """
    principal.must_allow(Scope.EPISODES_READ)
    episode = web.store.episodes.get(episode_id)
    web.store.audit.append(principal.actor, "episode.viewed", episode_id)
    snapshot = snapshot_of(web, episode.snapshot_id)
    return EpisodeDetail(
        episode_for(principal, episode),
        web.store.episodes.timeline(episode_id),
        [delivery_for(principal, each) for each in web.store.deliveries.of_episode(episode_id)],
        snapshot,
        photo_may_be_seen=may_be_seen(web, snapshot),
    )


def see_linked(web: WebContext, token: str) -> tuple[LinkClaim, EpisodeRecord]:
    """What a link in a message is for, and the episode; the signature in it is the permission.

    Raises:
        LinkError: the link is not ours, was changed, or is too old.
        RecordNotFound: the episode is gone.
    """
    claim = read_link(token, web.link_secret, web.now())
    return claim, web.store.episodes.get(claim.episode_id)


def see_photo(web: WebContext, principal: Principal, episode_id: str) -> bytes:
    """The photo of an episode as JPEG; the audit log notes who looked.

    Raises:
        AccessDenied: the policy allows no pictures.
        RecordNotFound: no such episode, or it has no photo.
    """
    principal.must_allow(Scope.EPISODES_READ)
    web.must_allow_images()
    snapshot = snapshot_of(web, web.store.episodes.get(episode_id).snapshot_id)
    if snapshot is None:
        raise RecordNotFound(f"episode {episode_id} has no photo")
    data = web.store.snapshots.read(snapshot.id)
    web.store.audit.append(principal.actor, "episode.photo_viewed", episode_id)
    return data


def acknowledge(web: WebContext, principal: Principal, episode_id: str) -> EpisodeRecord:
    """Says that somebody takes care; doing it again changes nothing.

    Messages that still wait and are only for episodes that nobody has acknowledged are withdrawn.
    """
    principal.must_allow(Scope.EPISODES_WRITE)
    return episode_for(principal, acknowledge_as(web, principal.actor, episode_id))


def acknowledge_as(web: WebContext, actor: str, episode_id: str) -> EpisodeRecord:
    """The same for somebody who holds a signed link instead of a session."""
    with web.store.transaction():
        if web.store.episodes.acknowledge(episode_id, actor, web.now()):
            _withdraw_unwanted(web, episode_id)
            web.store.audit.append(actor, "episode.acknowledged", episode_id)
        return web.store.episodes.get(episode_id)


def correct(
    web: WebContext, principal: Principal, episode_id: str, state: State, fault: Fault | None
) -> EpisodeRecord:
    """Says what it really was; the face goes to the review queue if its photo is kept.

    Raises:
        UsageError: the fault does not go with the state.
        RecordNotFound: there is no such episode.
    """
    principal.must_allow(Scope.EPISODES_WRITE)
    made = correct_as(web, principal.actor, episode_id, state, fault)
    return episode_for(principal, made)


def correct_as(
    web: WebContext, actor: str, episode_id: str, state: State, fault: Fault | None
) -> EpisodeRecord:
    """The same for somebody who holds a signed link instead of a session."""
    must_fit(state, fault)
    with web.store.transaction():
        web.store.episodes.correct(episode_id, state, fault, by=actor, at=web.now())
        episode = web.store.episodes.get(episode_id)
        _queue_for_review(web, episode)
        _withdraw_unwanted(web, episode_id)
        detail = {"state": state.value, "fault": fault.value if fault else None}
        web.store.audit.append(actor, "episode.corrected", episode_id, detail)
    return episode


def must_fit(state: State, fault: Fault | None) -> None:
    """Raises UsageError unless the fault is given exactly when the state is ``incorrect``."""
    if not fault_fits(state, fault):
        raise UsageError("the state incorrect needs a fault, and no other state has one")


def delete_subject(web: WebContext, principal: Principal, episode_id: str) -> None:
    """Deletes everything about one episode, at the wish of the person concerned.

    Raises:
        RecordNotFound: there is no such episode.
    """
    principal.must_allow(Scope.SUBJECTS)
    delete_episodes(web.store, [episode_id], actor=principal.actor)


def export_subject(web: WebContext, principal: Principal, episode_id: str) -> bytes:
    """Everything that is kept about one episode, for the person concerned: a zip file.

    A photo that is damaged is left out, and so is one whose faces the policy wants hidden and are
    not yet; ``episode.json`` in it says so.

    Raises:
        AccessDenied: the policy allows no pictures (the command line exports all the same).
        RecordNotFound: there is no such episode.
    """
    principal.must_allow(Scope.SUBJECTS)
    web.must_allow_images()
    told = tell_episode(web.store, episode_id, actor=principal.actor)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in told.files.items():
            archive.writestr(zipfile.ZipInfo(f"{episode_id}/{name}"), content)
    return out.getvalue()


def snapshot_of(web: WebContext, snapshot_id: str | None) -> SnapshotRecord | None:
    """A photo; None where it is gone, or the policy allows no pictures."""
    if snapshot_id is None or not web.privacy().images_allowed:
        return None
    try:
        return web.store.snapshots.get(snapshot_id)
    except RecordNotFound:
        return None


def may_be_seen(web: WebContext, snapshot: SnapshotRecord | None) -> bool:
    """Whether there is a photo, and its faces are as the policy wants them."""
    return snapshot is not None and web.store.snapshots.may_be_seen(snapshot)


def _withdraw_unwanted(web: WebContext, episode_id: str) -> None:
    episode = web.store.episodes.get(episode_id)
    for row in web.store.deliveries.of_episode(episode_id):
        why = why_settled(row, episode)
        if why is not None:
            web.store.deliveries.take_back(row.id, why)


def _queue_for_review(web: WebContext, episode: EpisodeRecord) -> None:
    snapshot = snapshot_of(web, episode.snapshot_id)
    if snapshot is None:
        return
    subjects = [i for i, face in enumerate(snapshot.faces) if face.is_subject]
    item = ReviewItem(
        id=new_id(),
        snapshot_id=snapshot.id,
        reason=ReviewReason.WRONG,
        created_at=web.now(),
        face=subjects[0] if subjects else 0,
        episode_id=episode.id,
        state=episode.corrected_state,
        fault=episode.corrected_fault,
    )
    web.store.reviews.add(item)
