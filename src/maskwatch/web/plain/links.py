"""Where the links in messages lead."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from maskwatch.alerts.links import LinkAction, LinkClaim
from maskwatch.errors import LinkError, RecordNotFound
from maskwatch.store.records import EpisodeRecord
from maskwatch.web.actions import episodes
from maskwatch.web.actions.recipients import holder_of_link
from maskwatch.web.actions.review import CHOICES, Choice
from maskwatch.web.api.access import Web
from maskwatch.web.context import WebContext
from maskwatch.web.plain.errors import PageRoute
from maskwatch.web.plain.frame import alert, page, words_for
from maskwatch.web.text import Words

router = APIRouter(route_class=PageRoute)


@router.get("/a/{token}")
def link_page(request: Request, web: Web, token: str) -> Response:
    """What a link in a message leads to. Looking changes nothing: mail scanners look too."""
    words = words_for(request, web)
    try:
        claim, episode = episodes.see_linked(web, token)
    except (LinkError, RecordNotFound) as error:
        return _bad(words, error)
    if claim.action is LinkAction.VIEW:
        return RedirectResponse(f"/events?episode={episode.id}", 303)
    return _form(words, web, claim, episode)


@router.post("/a/{token}")
def follow_link(
    request: Request, web: Web, token: str, choice: Annotated[str, Form(max_length=2)] = ""
) -> Response:
    """Does what the link is for; the signature in it is the permission."""
    words = words_for(request, web)
    try:
        claim, episode = episodes.see_linked(web, token)
        actor = holder_of_link(claim.recipient)
        if claim.action is LinkAction.ACKNOWLEDGE:
            was_open = episode.acknowledged_at is None
            episode = episodes.acknowledge_as(web, actor, episode.id)
            if not was_open or episode.acknowledged_by != actor:  # two need not go there
                return _form(words, web, claim, episode)
        elif claim.action is LinkAction.WRONG:
            chosen = next((each for each in CHOICES if each.key == choice), None)
            if chosen is None:
                return _form(words, web, claim, episode, 422)
            episodes.correct_as(web, actor, episode.id, chosen.state, chosen.fault)
    except (LinkError, RecordNotFound) as error:
        return _bad(words, error)
    return page(words, words("link.title"), f"<p role='status'>{words('link.done')}</p>")


def _bad(words: Words, error: LinkError | RecordNotFound) -> HTMLResponse:
    is_gone = isinstance(error, RecordNotFound)
    text = words("link.gone" if is_gone else "link.bad")
    return page(words, words("link.title"), alert(text), 404 if is_gone else 403)


def _form(
    words: Words, web: WebContext, claim: LinkClaim, episode: EpisodeRecord, status: int = 200
) -> HTMLResponse:
    values = {
        # By itself a name that is written from right to left turns the date after it around.
        "camera": f"<bdi>{escape(episode.camera)}</bdi>",
        "time": _minute(web, episode.started_at),
        "words": words.what(episode.state, episode.fault),
    }
    if claim.action is LinkAction.ACKNOWLEDGE:
        body = f"""<p>{words("link.episode", **values)}</p>
{_acknowledging(words, web, claim, episode)}"""
    else:
        body = f"""<p>{words("link.wrong_text", **values)}</p>{_corrected(words, web, episode)}
<form method="post"><fieldset><legend>{words("events.wrong_title")}</legend>
{"".join(_radio(words, each) for each in CHOICES)}
</fieldset><button>{words("link.wrong")}</button></form>"""
    return page(words, words("link.title"), body, status)


def _acknowledging(words: Words, web: WebContext, claim: LinkClaim, episode: EpisodeRecord) -> str:
    """The button; whose turn it is instead, once somebody has pressed one."""
    if episode.acknowledged_at is None:
        return f"""<p>{words("link.acknowledge_text")}</p>
<form method="post"><button>{words("link.acknowledge")}</button></form>"""
    holder = holder_of_link(claim.recipient)  # the links of some channels are everybody's
    is_own = claim.recipient is not None and episode.acknowledged_by == holder
    key = "link.acknowledged" if is_own else "link.taken"
    return f"<p role='status'>{words(key, time=_minute(web, episode.acknowledged_at))}</p>"


def _corrected(words: Words, web: WebContext, episode: EpisodeRecord) -> str:
    """What somebody has answered already; nothing when nobody has."""
    if episode.corrected_at is None or episode.corrected_state is None:
        return ""
    answer = words.what(episode.corrected_state, episode.corrected_fault)
    time = _minute(web, episode.corrected_at)
    return f"<p role='status'>{words('link.corrected', words=answer, time=time)}</p>"


def _minute(web: WebContext, at: datetime) -> str:
    return f"{at.astimezone(web.timezone()):%Y-%m-%d %H:%M}"


def _radio(words: Words, choice: Choice) -> str:
    text = words.what(choice.state, choice.fault)
    return f'<label><input type="radio" name="choice" value="{choice.key}" required> {text}</label>'
