"""Everything that follows from what the models saw in the pictures of one camera.

::

    readings -> tracks -> people -> zone, schedule, rule -> episodes, counts, photos

No threads, no clock, no I/O: the same pictures with the same times always lead to the same
outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from maskwatch.events.episodes import EpisodeLog, EpisodeSettings
from maskwatch.events.people import PeopleLog, Person
from maskwatch.events.photos import Photo, PhotoBook
from maskwatch.events.reentry import ReentryBook, ReentrySettings, clothes
from maskwatch.events.rule import AlertRule, RuleSettings, by_limit
from maskwatch.events.schedule import Exemption, Schedule
from maskwatch.events.zones import ZoneMap
from maskwatch.tracks.tracker import Tracker, TrackerSettings
from maskwatch.tracks.verdict import UNDECIDED
from maskwatch.types import (
    Box,
    Episode,
    Face,
    Frame,
    MaskReading,
    TimedBox,
    TimedReading,
    Track,
    Verdict,
)

_POINT_EVERY_S = 0.5
_SPARSE_AFTER_S = 60.0
_SPARSE_EVERY_S = 5.0
_SPARSE_SHARE = 1 / 500
_PROGRESS_EVERY_S = 5.0
_EARLY_POINTS = 8
"""Of the timeline: how dense, and how many from before the episode opened.

Points are no closer than a share of how long the episode has lasted: what stays for weeks, such as
a face on a poster, has thousands of them, not hundreds of thousands.
"""

_STEP_S = 1.0
"""Who is for less than this where no mask is required stands at its border."""


@dataclass(frozen=True, slots=True)
class CameraRules:
    """What holds for one camera."""

    zones: ZoneMap = field(default_factory=ZoneMap)
    schedule: Schedule = field(default_factory=Schedule)
    zone_schedules: Mapping[str, Schedule] = field(default_factory=dict)
    """In place of ``schedule``, by zone."""
    rule: RuleSettings = field(default_factory=RuleSettings)
    zone_rules: Mapping[str, RuleSettings] = field(default_factory=dict)
    """In place of ``rule``, by zone."""
    exemptions: tuple[Exemption, ...] = ()
    correct_s: float = 1.0
    """A mask must be worn so long before an episode is over."""
    reentry: ReentrySettings = field(default_factory=ReentrySettings)

    @property
    def gone_after_s(self) -> float:
        """Who was not seen for so long is gone, and somebody new when coming back."""
        return max(self.reentry.awaited_s, EpisodeSettings().gone_after_s)

    def required(self, zone: str | None, at: datetime) -> bool:
        """Whether a mask is required in a zone (None: in none) at a local time."""
        schedule = self.schedule if zone is None else self.zone_schedules.get(zone, self.schedule)
        return schedule.requires(at)

    def required_somewhere(self, at: datetime) -> bool:
        """Whether somebody anywhere in the picture has to wear a mask at a local time."""
        names = [zone.name for zone in self.zones.included]
        return any(
            self.required(zone, at) and self.exemption(zone, at) is None
            for zone in names or (None,)
        )

    def rule_of(self, zone: str | None) -> RuleSettings:
        """The alert rule in a zone."""
        return self.rule if zone is None else self.zone_rules.get(zone, self.rule)

    def exemption(self, zone: str | None, at: datetime) -> str | None:
        """Why nobody has to wear a mask in a zone at a local time; None if there is no reason."""
        return next((each.reason for each in self.exemptions if each.covers(zone, at)), None)


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What the models saw in one picture."""

    frame: Frame
    readings: tuple[MaskReading, ...]
    """Of the faces that are judged."""
    found: tuple[Face, ...]
    """All faces, those that are not judged as well."""
    hidden: tuple[TimedBox, ...]
    """Where faces are or were a moment ago: what to blur in a photo."""
    is_whole: bool = True
    """Whether faces were looked for everywhere. Otherwise there may be more, and no picture of it
    is to be shown or kept."""


@dataclass(frozen=True, slots=True)
class Presence:
    """A person in one picture."""

    track: Track
    """The id is the person's number, the verdict that of the alert rule."""
    read: MaskReading
    """What this one picture shows, by the limit of the rule: not voted on, and not held."""
    zone: str | None
    required: bool
    """Whether a mask is required there now."""
    exemption: str | None
    """Why it is not required after all."""
    first_t: float
    episode_t: float | None
    """Start of the person's open episode."""

    @property
    def is_free(self) -> bool:
        """Whether the person need not wear a mask there now."""
        return not self.required or self.exemption is not None

    @property
    def counted(self) -> Track:
        """The track as people are counted: by how they wear a mask where they have to."""
        return replace(self.track, verdict=UNDECIDED) if self.is_free else self.track


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """An episode begins."""

    episode: Episode
    zone: str | None
    coverage: float | None
    """The lowest that the verdict had so far, in percent."""
    photo: Photo | None
    """The best look at the violation so far."""
    timeline: tuple[TimedReading, ...]
    """Readings of the person so far, thinned out."""


@dataclass(frozen=True, slots=True)
class Updated:
    """News of an open episode: now and then, and when it is over."""

    episode: Episode
    coverage: float | None
    """The lowest that the verdict had so far, in percent."""
    timeline: tuple[TimedReading, ...]
    """Readings since the last news, thinned out."""
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A person is gone; counted only if masks were required while they were there."""

    person: Person
    zone: str | None
    """Where they were most of the time that masks were required."""


News = Opened | Updated | Left


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What one picture led to."""

    people: tuple[Presence, ...]
    news: tuple[News, ...]
    uncertain: Photo | None = None
    """A face about which the model was of two minds; worth a label."""


@dataclass(slots=True)
class _File:
    """What is remembered of a person while they are there."""

    first_t: float
    zones: Counter[str | None] = field(default_factory=Counter)
    """How many looks found them where, while they had to wear a mask."""
    required_t: float | None = None
    """Since when they have had to wear a mask, steps over a border left out; None if not at all."""
    free_t: float | None = float("-inf")
    """Since when they need not wear one; None while they have to."""
    recent: list[TimedReading] = field(default_factory=list)
    """Readings for the timeline not told yet; before an episode the latest few."""
    noted_t: float = float("-inf")
    """Of the last of these, told or not."""
    coverage: float | None = None
    """The lowest of their verdicts in the open episode."""
    opened_t: float | None = None
    told_t: float = 0.0
    asked: bool = False
    """Whether one of their faces was proposed for labelling."""

    def note_duty(self, t: float, *, is_free: bool) -> None:
        """Takes in whether a mask has to be worn at ``t``."""
        if not is_free:
            self.free_t = None
            self.required_t = t if self.required_t is None else self.required_t
        elif self.free_t is None:
            self.free_t = t
        elif t - self.free_t >= _STEP_S:
            self.required_t = None

    def note_coverage(self, verdict: Verdict) -> None:
        """Takes in the verdict where a mask is required."""
        if verdict.state.is_violation and verdict.coverage is not None:
            lowest = verdict.coverage if self.coverage is None else self.coverage
            self.coverage = min(lowest, verdict.coverage)


class CameraWatch:
    """Follows the people of one camera.

    Args:
        camera: its name.
        rules: see there.
        tracking: how faces become tracks.
        first_person: number of the first person; numbers go on from there.
        pack: gives the same frame in less memory, for pictures that are kept.
    """

    def __init__(
        self,
        camera: str,
        rules: CameraRules,
        tracking: TrackerSettings | None = None,
        first_person: int = 1,
        pack: Callable[[Frame], Frame] = lambda frame: frame,
    ) -> None:
        self._rules = rules
        self._tracker = Tracker(tracking)
        self._book = ReentryBook(rules.reentry, first_person)
        self._rule = AlertRule((tracking or TrackerSettings()).votes)
        self._log = EpisodeLog(camera, EpisodeSettings(rules.correct_s, rules.gone_after_s))
        self._people = PeopleLog(camera)
        self._files: dict[int, _File] = {}
        self._photos = PhotoBook(pack)
        self._lacks_photo = False
        self._t = 0.0

    @property
    def next_person(self) -> int:
        """The number of whoever comes next."""
        return self._book.next_person

    def expected_boxes(self, t: float) -> list[Box] | None:
        """Where all faces should be at ``t``; None while somebody is new, lost or in doubt.

        None as well while somebody may have an episode soon of whom there is no picture.
        """
        is_calm = self._tracker.is_calm and not self._lacks_photo
        return self._tracker.expected_boxes(t) if is_calm else None

    def look(self, sight: Sight, local: datetime) -> Watched:
        """Takes in one picture.

        Args:
            sight: what the models saw in it.
            local: when it was taken, as a local time without offset.
        """
        frame = sight.frame
        self._t = frame.t
        tracks = self._tracker.update(frame, sight.readings)
        worn = {track.id: clothes(frame.image, track.reading.face.box) for track in tracks}
        people = self._book.update(frame.t, tracks, worn)
        present = [self._judge(sight, person, local) for person in people]
        self._photos.settle(frame.t)
        self._people.update([each.counted for each in present])
        # Where no mask is required an episode goes on as little as out of sight.
        bound = [replace(each.track, reading=each.read) for each in present if not each.is_free]
        ended = self._log.update(frame.index, frame.t, bound)
        news: list[News] = [self._close(episode) for episode in ended]
        news += self._open_or_continue(present)
        news += self._departed()
        self._lacks_photo = any(self._needs_photo(each) for each in present)
        open_t = self._log.open_since()
        shown = tuple(replace(each, episode_t=open_t.get(each.track.id)) for each in present)
        return Watched(shown, tuple(news), self._uncertain(sight, present))

    def end(self) -> tuple[News, ...]:
        """To be called once, when no more pictures come: closes and counts what is open."""
        news: list[News] = [self._close(episode) for episode in self._log.close(self._t)]
        return (*news, *self._left(self._people.people()))

    def _judge(self, sight: Sight, person: Track, local: datetime) -> Presence:
        frame = sight.frame
        file = self._files.setdefault(person.id, _File(person.first_t, required_t=person.first_t))
        height, width = frame.image.shape[:2]
        zone = self._rules.zones.zone_of(person.reading.face.box, width, height)
        required = self._rules.required(zone, local)
        exemption = self._rules.exemption(zone, local)
        rule = self._rules.rule_of(zone)
        read = by_limit(person.reading, rule.coverage_below)
        presence = Presence(person, read, zone, required, exemption, file.first_t, None)
        file.note_duty(frame.t, is_free=presence.is_free)
        is_open, required_t = file.opened_t is not None, file.required_t
        # Of who need not wear one it is shown all the same how they do.
        counted_t = float("-inf") if required_t is None else required_t
        judged = self._rule.judge(person, rule, required_t=counted_t, is_open=is_open)
        self._note(file, frame.t, person.reading)
        self._photos.drop(person.id, before=self._rule.began(judged))
        if required_t is None or is_open:
            self._photos.drop(person.id)  # what was before is no photo of the next episode
        elif not presence.is_free:
            self._photos.offer(sight, replace(judged, reading=read))
        if not presence.is_free:
            file.zones[zone] += 1
            file.note_coverage(judged.verdict)
        return replace(presence, track=judged)

    def _needs_photo(self, presence: Presence) -> bool:
        """Whether an episode may begin of which there is no picture yet."""
        number = presence.track.id
        may_begin = not presence.is_free and self._files[number].opened_t is None
        return may_begin and presence.read.state.is_violation and not self._photos.has(number)

    def _open_or_continue(self, present: Sequence[Presence]) -> list[News]:
        seen = {each.track.id: each for each in present}

        def is_due(number: int) -> bool:
            file = self._files[number]
            if file.opened_t is None:
                return number in seen
            return self._t - file.told_t >= _PROGRESS_EVERY_S

        news: list[News] = []
        for episode in self._log.ongoing(filter(is_due, self._log.open_since())):
            file = self._files[episode.track]
            file.told_t = self._t
            if file.opened_t is None:
                file.opened_t = episode.start_s
                photo, zone = self._photos.take(episode.track), seen[episode.track].zone
                news.append(Opened(episode, zone, file.coverage, photo, _take(file)))
            else:
                news.append(Updated(episode, file.coverage, _take(file)))
        return news

    def _close(self, episode: Episode) -> Updated:
        file = self._files[episode.track]
        closed = Updated(episode, file.coverage, _take(file), is_over=True)
        file.opened_t = file.coverage = None
        self._people.add([episode])
        return closed

    def _departed(self) -> list[News]:
        busy = {k for k, file in self._files.items() if file.opened_t is not None}
        return self._left(self._people.departed(self._t, self._rules.gone_after_s, busy))

    def _left(self, gone: Sequence[Person]) -> list[News]:
        """Counts people and forgets them."""
        news: list[News] = []
        for person in gone:
            file = self._files.pop(person.track)
            self._photos.drop(person.track)
            self._rule.forget(person.track)
            if file.zones:
                news.append(Left(person, file.zones.most_common(1)[0][0]))
        return news

    def _note(self, file: _File, t: float, reading: MaskReading) -> None:
        """Puts a reading on the timeline, thinner the longer the episode lasts."""
        open_s = 0.0 if file.opened_t is None else t - file.opened_t
        sparse_s = max(_SPARSE_EVERY_S, open_s * _SPARSE_SHARE)
        if t - file.noted_t >= (sparse_s if open_s > _SPARSE_AFTER_S else _POINT_EVERY_S):
            file.recent.append(TimedReading(t, reading))
            file.noted_t = t
        if file.opened_t is None:
            del file.recent[:-_EARLY_POINTS]

    def _uncertain(self, sight: Sight, present: Sequence[Presence]) -> Photo | None:
        """At most one face of each person who has to wear a mask, seen well and still doubtful."""
        if not sight.is_whole:
            return None
        for each in present:
            if each.is_free:
                continue
            reading, file = each.track.reading, self._files[each.track.id]
            mask = reading.probabilities.mask if reading.probabilities else None
            doubtful = mask is not None and 0.35 <= mask <= 0.65
            if doubtful and reading.quality >= 0.4 and not file.asked:
                file.asked = True
                return Photo.of(sight, each.track)
        return None


def _take(file: _File) -> tuple[TimedReading, ...]:
    timeline = tuple(file.recent)
    file.recent.clear()
    return timeline
