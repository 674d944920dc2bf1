"""What a run says about people: counts, the compliance rate, and how sure it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from maskwatch.advice import advice_for
from maskwatch.errors import OutputError, SourceError
from maskwatch.metrics.compliance import Compliance
from maskwatch.outputs.episodes import episode_as_json
from maskwatch.types import Episode, Fault, State

Condition = tuple[State, Fault | None]
"""How one person wears the mask."""


@dataclass(frozen=True, slots=True)
class Tally:
    """People counted by how they wear the mask."""

    conditions: tuple[tuple[Condition, int], ...]
    """Only those that occur, the most frequent first."""

    @classmethod
    def of(cls, conditions: Iterable[Condition]) -> Tally:
        """Counts one condition per person."""
        return cls(tuple(Counter(conditions).most_common()))

    @property
    def people(self) -> int:
        """Everybody, the unknown included."""
        return sum(count for _, count in self.conditions)

    def in_state(self, state: State) -> int:
        """People in ``state``, whatever the fault."""
        return sum(count for (each, _), count in self.conditions if each is state)

    def with_fault(self, fault: Fault) -> int:
        """People with ``fault``."""
        return sum(count for (_, each), count in self.conditions if each is fault)

    @property
    def violations(self) -> int:
        """People in a state that is a violation."""
        return sum(count for (state, _), count in self.conditions if state.is_violation)

    @property
    def compliance(self) -> Compliance:
        """The share of masks, without the unknown."""
        masked = self.in_state(State.MASK)
        return Compliance.of(masked, masked + self.violations)

    def __add__(self, other: Tally) -> Tally:
        counted = Counter(dict(self.conditions))
        counted.update(dict(other.conditions))
        return Tally(tuple(counted.most_common()))


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """What one source yielded, as far as it could be read."""

    source: str
    kind: str
    """``image``, ``video``, ``camera`` or ``stream``."""
    frames: int
    """Looked at."""
    readings: int
    """Faces over all frames."""
    tally: Tally
    """One person per face in an image, per track in a video."""
    episodes: tuple[Episode, ...] = ()
    error: SourceError | None = None
    """Why it could not be read, or not to its end."""
    damaged: int = 0
    """Frames left out because they could not be decoded whole."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run over several sources yielded."""

    sources: tuple[SourceSummary, ...]
    not_found: tuple[SourceError, ...] = ()
    """Requests that led to no source."""
    output_errors: tuple[OutputError, ...] = ()
    interrupted: bool = False
    not_reached: tuple[str, ...] = ()
    """Names of the sources that were not looked at, because the run ended before."""
    total: Tally = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", sum((each.tally for each in self.sources), Tally(())))

    @property
    def source_errors(self) -> tuple[SourceError, ...]:
        """Everything that could not be read, or not to its end."""
        unread = (each.error for each in self.sources if each.error is not None)
        return (*self.not_found, *unread)

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """Of all sources, in their order."""
        return tuple(episode for each in self.sources for episode in each.episodes)

    @property
    def has_violation(self) -> bool:
        """Whether anybody was in violation at any time."""
        return self.total.violations > 0 or bool(self.episodes)


def summary_as_json(summary: RunSummary) -> dict[str, Any]:
    """The summary, ready for JSON; the keys are described in ``docs/outputs.md``."""
    return {
        "total": _tally_as_json(summary.total),
        "advice": advice_of(summary.total),
        "sources": [_source_as_json(each) for each in summary.sources],
        "episodes": [episode_as_json(each) for each in summary.episodes],
        "errors": [
            {"source": error.source, "reason": error.reason} for error in summary.source_errors
        ],
        "output_errors": [
            {"path": error.path, "reason": error.reason} for error in summary.output_errors
        ],
        "interrupted": summary.interrupted,
        "not_reached": list(summary.not_reached),
    }


def advice_of(tally: Tally) -> list[dict[str, Any]]:
    """What to tell the people in violation, one entry per state and fault."""
    return [
        {
            "state": state.value,
            "fault": None if fault is None else fault.value,
            "people": count,
            "advice": advice_for(state, fault),
        }
        for (state, fault), count in tally.conditions
        if state.is_violation
    ]


def _source_as_json(source: SourceSummary) -> dict[str, Any]:
    return {
        "source": source.source,
        "kind": str(source.kind),
        "frames": source.frames,
        "damaged": source.damaged,
        "readings": source.readings,
        **_tally_as_json(source.tally),
        "episodes": len(source.episodes),
        "error": None if source.error is None else source.error.reason,
    }


def _tally_as_json(tally: Tally) -> dict[str, Any]:
    compliance = tally.compliance
    return {
        "people": tally.people,
        "states": {state.value: tally.in_state(state) for state in State},
        "faults": {fault.value: tally.with_fault(fault) for fault in Fault},
        "compliance": {
            "masked": compliance.masked,
            "judged": compliance.judged,
            "share": _rounded(compliance.share),
            "low": _rounded(compliance.low),
            "high": _rounded(compliance.high),
            "confidence": 0.95,
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
