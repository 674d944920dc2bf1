"""What a source says about each person: the basis of people counts and the compliance rate."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

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
    seconds: Mapping[State, float]
    """How long each verdict held; every state has an entry. The sum is the time followed."""

    def share(self, state: State) -> float:
        """Share of the time followed during which ``state`` held, in [0, 1]; 0 for no time."""
        total = sum(self.seconds.values())
        return self.seconds[state] / total if total > 0 else 0.0


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
    verdict: State
    seconds: dict[State, float]
    misses: int = 0
    """Looks in a row without them."""


class PeopleLog:
    """Adds up, for the people of one source, how long each verdict held."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._people: dict[int, _Followed] = {}

    def update(self, tracks: Sequence[Track]) -> None:
        """Takes in the tracks seen in one frame.

        The time since a person was last seen counts for the verdict that held then.
        """
        for followed in self._people.values():
            followed.misses += 1
        for track in tracks:
            if track.id not in self._people:
                # What preceded the confirmation was followed too, without a verdict.
                self._people[track.id] = _Followed(
                    track.first_t, track.first_t, State.UNKNOWN, dict.fromkeys(State, 0.0)
                )
            followed = self._people[track.id]
            followed.seconds[followed.verdict] += track.last_t - followed.last_t
            followed.last_t, followed.verdict = track.last_t, track.verdict.state
            followed.misses = 0

    def people(self, episodes: Sequence[Episode]) -> list[Person]:
        """Everybody seen so far, by track id.

        Args:
            episodes: all episodes of this source, ongoing ones included.
        """
        return [self._person(track, episodes) for track in sorted(self._people)]

    def departed(
        self, t: float, unseen_s: float, episodes: Sequence[Episode], staying: Container[int] = ()
    ) -> list[Person]:
        """Everybody who at ``t`` has been unseen for longer than ``unseen_s``; they are forgotten.

        Args:
            t: now, in seconds.
            unseen_s: how long somebody may be out of sight.
            episodes: theirs, ongoing ones included; those of others do no harm.
            staying: tracks that are not to be forgotten yet.
        """
        gone = [
            self._person(track, episodes)
            for track, followed in sorted(self._people.items())
            if track not in staying and is_gone(followed.misses, t - followed.last_t, unseen_s)
        ]
        for person in gone:
            del self._people[person.track]
        return gone

    def _person(self, track: int, episodes: Sequence[Episode]) -> Person:
        followed = self._people[track]
        held = {state for state, seconds in followed.seconds.items() if seconds > 0}
        mine = [each for each in episodes if each.track == track]
        state, fault = person_state(mine, held | {followed.verdict})
        return Person(
            source=self._source,
            track=track,
            state=state,
            fault=fault,
            first_t=followed.first_t,
            last_t=followed.last_t,
            seconds=dict(followed.seconds),
        )
