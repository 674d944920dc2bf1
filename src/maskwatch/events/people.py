"""What a source says about each person: the basis of people counts and the compliance rate."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from maskwatch.tracks.absence import is_gone
from maskwatch.types import Episode, Fault, State, Track

_SEVERITY = {State.INCORRECT: 1, State.NO_MASK: 2}


@dataclass(frozen=True, slots=True)
class Person:
    """One person over the whole source."""

    source: str
    track: int
    state: State
    """The worst that held: see ``person_state``."""
    fault: Fault | None
    first_t: float
    last_t: float


def person_state(
    episodes: Iterable[Episode], verdicts: Iterable[State]
) -> tuple[State, Fault | None]:
    """The final word on a person.

    Args:
        episodes: all episodes of the person.
        verdicts: all states that the person's verdict ever had.

    Returns:
        The worst episode's state (``no_mask`` is worse than ``incorrect``, then the longer one
        counts) and fault; without an episode ``mask`` if that was ever the verdict, otherwise
        ``unknown``. A violation that was corrected remains one: the officer asks who violated.
    """
    worst = max(
        episodes,
        key=lambda episode: (_SEVERITY[episode.state], episode.end_s - episode.start_s),
        default=None,
    )
    if worst is not None:
        return worst.state, worst.fault
    return (State.MASK if State.MASK in verdicts else State.UNKNOWN), None


@dataclass(slots=True)
class _Followed:
    first_t: float
    last_t: float
    verdicts: set[State] = field(default_factory=set)
    """All that ever held."""
    episodes: list[Episode] = field(default_factory=list)
    misses: int = 0
    """Looks in a row without them."""


class PeopleLog:
    """Remembers, of the people of one source, which verdicts held and which episodes they had."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._people: dict[int, _Followed] = {}

    def update(self, tracks: Sequence[Track]) -> None:
        """Takes in the tracks seen in one frame."""
        for followed in self._people.values():
            followed.misses += 1
        for track in tracks:
            if track.id not in self._people:
                self._people[track.id] = _Followed(track.first_t, track.last_t)
            followed = self._people[track.id]
            followed.last_t, followed.misses = track.last_t, 0
            followed.verdicts.add(track.verdict.state)

    def add(self, episodes: Iterable[Episode]) -> None:
        """Takes in episodes of people who were seen, once they are over or nothing more comes."""
        for episode in episodes:
            self._people[episode.track].episodes.append(episode)

    def people(self) -> list[Person]:
        """Everybody seen so far, by track id."""
        return [self._person(track) for track in sorted(self._people)]

    def departed(self, t: float, unseen_s: float, staying: Container[int] = ()) -> list[Person]:
        """Everybody who at ``t`` has been unseen for longer than ``unseen_s``; they are forgotten.

        Args:
            t: now, in seconds.
            unseen_s: how long somebody may be out of sight.
            staying: tracks that are not to be forgotten yet.
        """
        gone = [
            self._person(track)
            for track, followed in sorted(self._people.items())
            if track not in staying and is_gone(followed.misses, t - followed.last_t, unseen_s)
        ]
        for person in gone:
            del self._people[person.track]
        return gone

    def _person(self, track: int) -> Person:
        followed = self._people[track]
        state, fault = person_state(followed.episodes, followed.verdicts)
        return Person(
            source=self._source,
            track=track,
            state=state,
            fault=fault,
            first_t=followed.first_t,
            last_t=followed.last_t,
        )
