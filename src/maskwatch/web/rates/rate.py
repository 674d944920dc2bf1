"""From counted people to a compliance rate that says how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from maskwatch.metrics.compliance import Compliance
from maskwatch.metrics.intervals import wilson_interval
from maskwatch.store.records import PeopleCount
from maskwatch.types import Fault, State
from maskwatch.web.documented import AS_DOCUMENTED

JUDGED = (State.MASK, State.INCORRECT, State.NO_MASK)
"""States of people of whom it can be told how they wear the mask."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Share of the people who wear the mask properly among those of whom it can be told."""

    __pydantic_config__ = AS_DOCUMENTED

    people: int
    """Everybody counted, the unknown included; hidden counts are not in it."""
    masked: int
    judged: int
    """The denominator: everybody but the unknown."""
    unknown: int
    share: float | None
    """``masked / judged`` in [0, 1]; None when nobody could be judged or one of these states is
    hidden altogether. Where ``hidden`` is above 0 it is probably too high, as violations are
    rare."""
    low: float | None
    """95 % Wilson interval of the share."""
    high: float | None
    faults: Mapping[Fault, int | None]
    """None stands for counts of which each that is not 0 is hidden as too small."""
    states: Mapping[State, int | None]
    hidden: int
    """How many counts of which these are the sums were hidden as too small. Above 0, every other
    number is the least that there was."""

    @property
    def is_hidden(self) -> bool:
        """Whether there is no rate because nothing is known of one of its states."""
        return None in (self.states[each] for each in JUDGED)


def rate_of(counts: PeopleCount) -> Rate:
    """The rate of counted people.

    Where one of the counts is hidden there is no rate: it would give the hidden count away.
    """
    states = {
        State.MASK: counts.mask,
        State.INCORRECT: counts.incorrect,
        State.NO_MASK: counts.no_mask,
        State.UNKNOWN: counts.unknown,
    }
    faults = {
        Fault.NOSE_OUT: counts.nose_out,
        Fault.UNDER_CHIN: counts.under_chin,
        Fault.CHIN_OUT: counts.chin_out,
        Fault.OTHER: counts.other,
    }
    judged = sum(states[each] or 0 for each in JUDGED)
    told = Compliance.of(counts.mask or 0, judged)
    if None in (states[each] for each in JUDGED):
        told = replace(told, share=None, low=None, high=None)
    return Rate(
        people=sum(value or 0 for value in states.values()),
        masked=told.masked,
        judged=told.judged,
        unknown=counts.unknown or 0,
        share=told.share,
        low=told.low,
        high=told.high,
        faults=faults,
        states=states,
        hidden=counts.hidden,
    )


@dataclass(frozen=True, slots=True)
class FaultShare:
    """How often people who could be judged wear their mask badly in one way."""

    __pydantic_config__ = AS_DOCUMENTED

    state: State
    """`incorrect`, or `no_mask` without a fault."""
    fault: Fault | None
    people: int | None
    """None stands for counts of which each that is not 0 is hidden as too small."""
    share: float | None
    """Among everybody judged, in [0, 1]; None when nobody was or a count is hidden."""
    low: float | None
    """95 % Wilson interval of the share."""
    high: float | None


def fault_shares(rate: Rate) -> tuple[FaultShare, ...]:
    """Each way to wear a mask badly, and no mask at all."""
    badly = [_fault_share(rate, State.INCORRECT, each, rate.faults[each]) for each in Fault]
    without = _fault_share(rate, State.NO_MASK, None, rate.states[State.NO_MASK])
    return (*badly, without)


def _fault_share(rate: Rate, state: State, fault: Fault | None, people: int | None) -> FaultShare:
    # Where there is no rate, the denominator is not known; hidden counts are missing in it.
    if people is None or rate.share is None or people > rate.judged:
        return FaultShare(state, fault, people, None, None, None)
    low, high = wilson_interval(people, rate.judged) or (None, None)
    return FaultShare(state, fault, people, people / rate.judged, low, high)


@dataclass(frozen=True, slots=True)
class Change:
    """How the rate moved from one period to another."""

    __pydantic_config__ = AS_DOCUMENTED

    points: float | None
    """Difference in percentage points; None when one of the two has no rate."""
    is_clear: bool
    """Whether the 95 % intervals do not overlap: a cautious sign that it is more than chance. Never
    where counts were hidden as too small: how many of them are missing is another chance."""


def change_between(before: Rate, after: Rate) -> Change:
    """Compares two periods."""
    if None in (before.share, after.share):
        return Change(None, False)
    assert before.share is not None and after.share is not None  # noqa: S101, PT018 - just checked
    assert before.low is not None and before.high is not None  # noqa: S101, PT018
    assert after.low is not None and after.high is not None  # noqa: S101, PT018
    apart = before.high < after.low or after.high < before.low
    is_whole = not (before.hidden or after.hidden)
    return Change(100.0 * (after.share - before.share), apart and is_whole)
