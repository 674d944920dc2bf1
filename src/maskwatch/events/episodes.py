"""Episodes: one violation of one person, from its first evidence to its correction.

::

    quiet --verdict turns violation--> open --verdict turns mask--> corrected --grace--> ended
                                        ^                               |
                                        '----- violation in grace ------'

A verdict of unknown neither opens nor ends an episode: not being able to tell is no correction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from maskwatch.tracks.absence import is_gone
from maskwatch.types import Episode, Fault, MaskReading, State, Track


@dataclass(frozen=True, slots=True)
class EpisodeSettings:
    """When an episode is over."""

    correct_s: float = 1.0
    """How long a verdict of mask must last to be a correction. The episode ends when it has: a
    mask that is still being put on, held before the face, is not worn yet."""
    gone_after_s: float = 2.0
    """A person unseen for longer is gone; more than the tracker's ``max_gap_s``."""

    def __post_init__(self) -> None:
        if self.correct_s < 0 or self.gone_after_s < 0:
            raise ValueError("times must not be negative")


_REMEMBERED_S = 5.0
"""How long single pieces of evidence are kept: well above any voting window."""


class _Evidence(NamedTuple):
    t: float
    frame: int
    state: State
    fault: Fault | None
    weight: float
    clarity: float


class _Sum:
    """Evidence added up, so that an episode of hours takes no more memory than one of seconds."""

    def __init__(self) -> None:
        self._by_state: dict[State, float] = {}
        self._by_kind: dict[tuple[State, Fault | None], float] = {}
        self.best: _Evidence | None = None
        """The clearest piece."""

    def add(self, each: _Evidence) -> None:
        kind = each.state, each.fault
        self._by_state[each.state] = self._by_state.get(each.state, 0.0) + each.weight
        self._by_kind[kind] = self._by_kind.get(kind, 0.0) + each.weight
        if self.best is None or each.clarity > self.best.clarity:
            self.best = each

    def with_more(self, more: Iterable[_Evidence]) -> _Sum:
        """The sum of this and more; this stays as it is."""
        total = _Sum()
        total._by_state, total._by_kind = dict(self._by_state), dict(self._by_kind)
        total.best = self.best
        for each in more:
            total.add(each)
        return total

    def heaviest(self) -> tuple[State, Fault | None]:
        """The state with the largest weight, and within it the fault."""
        return max(self._by_kind, key=lambda kind: (self._by_state[kind[0]], self._by_kind[kind]))


class _Case:
    """The file kept on one person."""

    def __init__(self, track: int) -> None:
        self.track = track
        self.last_seen_t = 0.0
        self.misses = 0
        self.start_t: float | None = None
        self.corrected_t: float | None = None
        self.forgiven_t: float | None = None
        self.ended_t = 0.0
        self.evidence: deque[_Evidence] = deque()
        self.settled = _Sum()
        """Evidence of the open episode that is too old for a correction to reach back to."""

    @property
    def is_open(self) -> bool:
        """True from the moment the verdict turned until the episode has ended for good."""
        return self.start_t is not None

    @property
    def is_corrected(self) -> bool:
        return self.corrected_t is not None

    def see(self, frame_index: int, t: float, track: Track) -> None:
        """Notes one look at the person and moves between quiet, open and corrected."""
        self.last_seen_t, self.misses = t, 0
        if track.reading.state.is_violation:
            self.evidence.append(_evidence(frame_index, t, track.reading))
        verdict = track.verdict
        since_t = t if verdict.since_t is None else verdict.since_t
        if verdict.state.is_violation:
            self.corrected_t = self.forgiven_t = None
            if not self.is_open:
                self._open(frame_index, t, since_t, track)
        elif verdict.state is State.MASK and self.is_open and not self.is_corrected:
            self.corrected_t, self.forgiven_t = since_t, t
        if self.is_open:
            self._settle(t)
        else:
            self._forget(t)

    def is_over(self, t: float, settings: EpisodeSettings) -> bool:
        """True when the correction has lasted, or the person is gone."""
        lasted = self.forgiven_t is not None and t - self.forgiven_t > settings.correct_s
        return self.is_open and (lasted or self.is_gone(t, settings))

    def is_gone(self, t: float, settings: EpisodeSettings) -> bool:
        """True when unseen for too long."""
        return is_gone(self.misses, t - self.last_seen_t, settings.gone_after_s)

    def episode(self, source: str, settings: EpisodeSettings, ongoing: bool) -> Episode:
        """The value of the open episode as it stands."""
        assert self.start_t is not None  # noqa: S101 - callers ask is_open first
        end_t = self.last_seen_t
        during = list(self.evidence)
        if self.corrected_t is not None and self.forgiven_t is not None:
            end_t = min(end_t, self.forgiven_t + settings.correct_s)
            corrected_t = self.corrected_t
            during = [each for each in during if each.t <= corrected_t]
        total = self.settled.with_more(during)
        if total.best is None:  # all of it came with the correction
            total = self.settled.with_more(self.evidence)
        assert total.best is not None  # noqa: S101 - an episode opens with evidence
        state, fault = total.heaviest()
        return Episode(
            source=source,
            track=self.track,
            state=state,
            fault=fault,
            start_s=self.start_t,
            end_s=max(self.start_t, end_t),
            best_frame=total.best.frame,
            ongoing=ongoing,
        )

    def end(self, t: float) -> None:
        """Back to quiet at ``t``; what came after the correction may belong to the next episode."""
        kept = self.corrected_t
        self.evidence = deque(each for each in self.evidence if kept is not None and each.t > kept)
        self.settled = _Sum()
        self.start_t = self.corrected_t = self.forgiven_t = None
        self.ended_t = t

    def _open(self, frame_index: int, t: float, since_t: float, track: Track) -> None:
        # Evidence may reach back into the grace period that ended the episode before.
        self.start_t = max(since_t, self.ended_t)
        while self.evidence and self.evidence[0].t < self.start_t:
            self.evidence.popleft()
        if not self.evidence:
            # The readings that turned the verdict were not shown to the log: the verdict stands.
            verdict = track.verdict
            self.evidence.append(
                _Evidence(t, frame_index, verdict.state, verdict.fault, weight=0.0, clarity=0.0)
            )

    def _settle(self, now: float) -> None:
        limit_t = now - _REMEMBERED_S
        if self.corrected_t is not None:
            limit_t = min(limit_t, self.corrected_t)
        while self.evidence and self.evidence[0].t < limit_t:
            self.settled.add(self.evidence.popleft())

    def _forget(self, now: float) -> None:
        while self.evidence and now - self.evidence[0].t > _REMEMBERED_S:
            self.evidence.popleft()


class EpisodeLog:
    """Turns the tracks of one source, frame by frame, into episodes."""

    def __init__(self, source: str, settings: EpisodeSettings | None = None) -> None:
        self._source = source
        self._settings = settings or EpisodeSettings()
        self._cases: dict[int, _Case] = {}

    def update(
        self, frame_index: int, t: float, tracks: Sequence[Track], *, is_look: bool = True
    ) -> list[Episode]:
        """Takes in the tracks seen in one frame, also when there are none.

        Args:
            frame_index: index of the frame in the source.
            t: its time in seconds.
            tracks: the people seen in it.
            is_look: whether it was looked at; who is not seen in one that was not is not missed.

        Returns:
            The episodes that have ended for good by now, in order of start.
        """
        for case in self._cases.values():
            case.misses += is_look
        for track in tracks:
            if track.id not in self._cases:
                self._cases[track.id] = _Case(track.id)
            self._cases[track.id].see(frame_index, t, track)
        ended = []
        for case in self._cases.values():
            if case.is_over(t, self._settings):
                episode = case.episode(self._source, self._settings, ongoing=False)
                ended.append(episode)
                case.end(episode.end_s)
        self._cases = {
            key: case for key, case in self._cases.items() if not case.is_gone(t, self._settings)
        }
        return in_order(ended)

    def open_since(self) -> dict[int, float]:
        """The tracks whose episodes hold at the moment, and when these started."""
        return {
            track: case.start_t
            for track, case in self._cases.items()
            if case.start_t is not None and not case.is_corrected
        }

    def ongoing(self, tracks: Iterable[int]) -> list[Episode]:
        """The episodes that hold of these tracks, as they stand, in order of start.

        All their evidence is added up for it.
        """
        return in_order(
            self._cases[track].episode(self._source, self._settings, ongoing=True)
            for track in tracks
        )

    def close(self, t: float) -> list[Episode]:
        """The episodes still open at the end of the source, at ``t`` seconds; empties the log.

        Those of people still there and not corrected are ``ongoing``.
        """
        left = [
            case.episode(
                self._source,
                self._settings,
                ongoing=not case.is_corrected
                and t - case.last_seen_t <= self._settings.gone_after_s,
            )
            for case in self._cases.values()
            if case.is_open
        ]
        self._cases.clear()
        return in_order(left)


def in_order(episodes: Iterable[Episode]) -> list[Episode]:
    """Episodes in order of start."""
    return sorted(episodes, key=lambda episode: (episode.start_s, episode.track))


def _evidence(frame_index: int, t: float, reading: MaskReading) -> _Evidence:
    return _Evidence(t, frame_index, reading.state, reading.fault, reading.quality, reading.clarity)
