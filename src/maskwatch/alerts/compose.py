"""Rows put into words: what a message says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from maskwatch.alerts.base import Alert, EpisodeFacts, EpisodeLinks
from maskwatch.alerts.links import LinkAction, LinkClaim, link_url, sign_link
from maskwatch.alerts.text import MessageWords
from maskwatch.store.records import Delivery, DeliveryKind, EpisodeRecord
from maskwatch.words import Language

MOST_EPISODES = 30
"""What a digest lists; it says how many more there are."""


@dataclass(frozen=True, slots=True)
class LinkMaker:
    """Makes the links of a message."""

    base_url: str
    secret: bytes
    valid_for: timedelta

    def links(self, episode_id: str, recipient: str | None, now: datetime) -> EpisodeLinks:
        """The three links of an episode for one recipient."""

        def url(action: LinkAction) -> str:
            expires_at = (now + self.valid_for).replace(microsecond=0)
            claim = LinkClaim(action, episode_id, recipient, expires_at)
            return link_url(self.base_url, sign_link(claim, self.secret))

        return EpisodeLinks(
            view=url(LinkAction.VIEW),
            acknowledge=url(LinkAction.ACKNOWLEDGE),
            wrong=url(LinkAction.WRONG),
        )


@dataclass(frozen=True, slots=True)
class Wording:
    """What all messages have in common."""

    zone: tzinfo
    """Of all times in them."""
    links: LinkMaker | None = None
    """None when nobody knows where the dashboard is reached."""
    site: str = ""
    language: str = Language.ENGLISH

    @property
    def words(self) -> MessageWords:
        """The words of the language."""
        return MessageWords.of(self.language)


def compose(
    rows: Sequence[Delivery],
    episodes: Sequence[EpisodeRecord],
    photo: bytes | None,
    wording: Wording,
    now: datetime,
) -> Alert:
    """One message of one row or of several.

    Args:
        rows: at least one, of the same channel and recipient, oldest first; several have one
            ``message_id``.
        episodes: those of the rows that still exist, in the same order.
        photo: for a message about a single episode; JPEG.
        wording: what all messages have in common.
        now: aware, when it is sent; the life of the links counts from it.
    """
    first = rows[0]
    facts = [_facts(each, first.recipient, wording, now) for each in episodes]
    troubles = [row for row in rows if row.kind is DeliveryKind.CAMERA_HEALTH]
    notes = [_note(row, wording, now) for row in troubles]
    cameras = {row.camera for row in rows}
    created_at = (first.created_at or now).astimezone(wording.zone)
    kind = first.kind if len(rows) == 1 else DeliveryKind.DIGEST
    return Alert(
        id=first.message_id or first.id,
        kind=kind,
        recipient=first.recipient,
        stage=max(row.stage for row in rows),
        created_at=created_at,
        attempted_at=now.astimezone(wording.zone),
        title=_title(kind, facts, troubles, wording.words),
        text=_text(kind, facts, notes, wording.words),
        language=wording.language,
        site=wording.site,
        camera=cameras.pop() if len(cameras) == 1 else None,
        episodes=tuple(facts[:MOST_EPISODES]),
        omitted=max(0, len(facts) - MOST_EPISODES),
        notes=tuple(notes),
        photo=photo if len(facts) == 1 else None,
    )


def _facts(
    episode: EpisodeRecord, recipient: str | None, wording: Wording, now: datetime
) -> EpisodeFacts:
    zone, links, words = wording.zone, wording.links, wording.words
    return EpisodeFacts(
        id=episode.id,
        camera=episode.camera,
        zone=episode.zone,
        state=episode.state,
        fault=episode.fault,
        what=words.what(episode.state, episode.fault),
        advice=words.advice(episode.state, episode.fault),
        coverage=episode.coverage,
        started_at=episode.started_at.astimezone(zone),
        ended_at=episode.ended_at and episode.ended_at.astimezone(zone),
        links=None if links is None else links.links(episode.id, recipient, now),
    )


def _note(trouble: Delivery, wording: Wording, now: datetime) -> str:
    """What happened to a camera, in a sentence."""
    since = (trouble.created_at or now).astimezone(wording.zone)
    reason = trouble.payload["reason"]
    return wording.words(
        "text.trouble", camera=trouble.camera, reason=reason, since=moment_of(since)
    )


def moment_of(at: datetime) -> str:
    """With the time zone: an hour comes twice when summer time ends."""
    return f"{at:%Y-%m-%d %H:%M:%S %Z}"


def _title(
    kind: DeliveryKind,
    facts: Sequence[EpisodeFacts],
    troubles: Sequence[Delivery],
    words: MessageWords,
) -> str:
    if kind is DeliveryKind.TEST:
        return words("title.test")
    return "; ".join([*_title_of_episodes(facts, words), *_title_of_troubles(troubles, words)])


def _title_of_troubles(troubles: Sequence[Delivery], words: MessageWords) -> Sequence[str]:
    if len(troubles) > 1:
        return [words("title.cameras", count=len(troubles))]
    return [f"{each.camera}: {each.payload['reason']}" for each in troubles]


def _title_of_episodes(facts: Sequence[EpisodeFacts], words: MessageWords) -> Sequence[str]:
    if not facts:
        return []
    if len(facts) == 1:
        return [f"{facts[0].camera}: {facts[0].what}"]
    cameras = list(dict.fromkeys(each.camera for each in facts))
    some, more = ", ".join(cameras[:3]), len(cameras) - 3
    if more <= 0:
        return [words("title.violations", count=len(facts), cameras=some)]
    return [words("title.violations_more", count=len(facts), cameras=some, more=more)]


def _text(
    kind: DeliveryKind, facts: Sequence[EpisodeFacts], notes: Sequence[str], words: MessageWords
) -> str:
    if kind is DeliveryKind.TEST:
        return words("text.test")
    lines = list(notes)
    if len(facts) == 1:
        lines += _sentences(facts[0], words)
    else:
        lines += [_line(each) for each in facts[:MOST_EPISODES]]
    if len(facts) > MOST_EPISODES:
        lines.append(words("text.more", count=len(facts) - MOST_EPISODES))
    return "\n".join(lines)


def place_of(facts: EpisodeFacts) -> str:
    """Such as "Door 1, left lane"."""
    return facts.camera if facts.zone is None else f"{facts.camera}, {facts.zone}"


def _sentences(facts: EpisodeFacts, words: MessageWords) -> list[str]:
    what, place = facts.what[:1].upper() + facts.what[1:], place_of(facts)
    since = moment_of(facts.started_at)
    if facts.ended_at is None:
        lines = [words("text.violation", what=what, place=place, since=since)]
    else:
        until = moment_of(facts.ended_at)
        lines = [words("text.violation_over", what=what, place=place, since=since, until=until)]
    if facts.coverage is not None:
        lines.append(words("text.coverage", percent=f"{facts.coverage:.0f}"))
    if facts.advice is not None:
        lines.append(words("text.advice", advice=facts.advice))
    return lines


def _line(facts: EpisodeFacts) -> str:
    return f"{moment_of(facts.started_at)} {place_of(facts)}: {facts.what}"
