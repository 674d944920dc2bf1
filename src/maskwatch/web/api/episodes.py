"""Episodes: finding them, looking at them, saying what one thinks of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from maskwatch.web.actions import episodes
from maskwatch.web.api.access import Caller, Web
from maskwatch.web.api.files import JPEG, ZIP, download, gives
from maskwatch.web.api.problems import problems
from maskwatch.web.api.views.base import Id
from maskwatch.web.api.views.episodes import (
    Correction,
    EpisodeDetailView,
    EpisodePage,
    EpisodeQuery,
    EpisodeView,
    TimelineView,
)
from maskwatch.web.api.views.messages import DeliveryView

router = APIRouter(tags=["episodes"], prefix="/episodes")


@router.get("", responses=problems(422))
def list_episodes(
    web: Web, principal: Caller, query: Annotated[EpisodeQuery, Query()]
) -> EpisodePage:
    """One page of episodes, the newest first; filters that are left out exclude none."""
    page = episodes.list_episodes(web, principal, query.filter(), query.after, query.limit)
    return EpisodePage(items=EpisodeView.all(page.items), next=page.next)


@router.get("/{episode_id}", responses=problems(404, 422))
def see_episode(web: Web, principal: Caller, episode_id: Id) -> EpisodeDetailView:
    """One episode with the readings of its track and its messages. The audit log notes it."""
    detail = episodes.see_episode(web, principal, episode_id)
    return EpisodeDetailView(
        episode=EpisodeView.of(detail.episode),
        timeline=TimelineView.all(detail.timeline),
        deliveries=DeliveryView.all(detail.deliveries),
    )


@router.get("/{episode_id}/photo", **gives(JPEG, 404, 410, 422))
def see_photo(web: Web, principal: Caller, episode_id: Id) -> Response:
    """The best photo as JPEG, faces hidden as the policy says. The audit log notes it."""
    return Response(episodes.see_photo(web, principal, episode_id), media_type=JPEG)


@router.post("/{episode_id}/acknowledge", responses=problems(404, 422))
def acknowledge(web: Web, principal: Caller, episode_id: Id) -> EpisodeView:
    """Says that somebody takes care; steps of the ladder that this ends are withdrawn."""
    return EpisodeView.of(episodes.acknowledge(web, principal, episode_id))


@router.post("/{episode_id}/correct", responses=problems(404, 422))
def correct(web: Web, principal: Caller, episode_id: Id, body: Correction) -> EpisodeView:
    """Says what it really was; its face goes to the review queue if there is a photo."""
    return EpisodeView.of(episodes.correct(web, principal, episode_id, body.state, body.fault))


@router.get("/{episode_id}/export.zip", **gives(ZIP, 404, 422))
def export_subject(web: Web, principal: Caller, episode_id: Id) -> Response:
    """Everything that is kept about one episode, for the person concerned."""
    data = episodes.export_subject(web, principal, episode_id)
    return download(data, ZIP, f"{episode_id}.zip")


@router.delete("/{episode_id}", status_code=204, responses=problems(404, 422))
def delete_subject(web: Web, principal: Caller, episode_id: Id) -> None:
    """Deletes an episode with everything about it, at the wish of the person concerned."""
    episodes.delete_subject(web, principal, episode_id)
