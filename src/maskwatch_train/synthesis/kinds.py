"""What can be drawn: the ways to wear a mask, and the things that are no mask."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

import numpy as np

from maskwatch.types import Fault, State

Kind = TypeVar("Kind", bound=StrEnum)


class WearKind(StrEnum):
    """How a drawn mask is worn."""

    MASK = "mask"
    NOSE_OUT = "nose_out"
    UNDER_CHIN = "under_chin"
    CHIN_OUT = "chin_out"
    OTHER = "other"
    """On the forehead, over the eyes or the nose alone, or hanging from one ear."""

    @property
    def state(self) -> State:
        """The state that a face has once this is drawn on it."""
        return State.MASK if self is WearKind.MASK else State.INCORRECT

    @property
    def fault(self) -> Fault | None:
        """The fault that goes with the state; None for a mask worn well."""
        return None if self is WearKind.MASK else Fault(self.value)


class OccluderKind(StrEnum):
    """Things that hide or decorate part of a face without being a mask; the state stays."""

    HAND = "hand"
    CUP = "cup"
    BOTTLE = "bottle"
    PHONE = "phone"
    MICROPHONE = "microphone"
    SCARF = "scarf"
    """On the neck, below the chin."""
    WRAP = "wrap"
    """A scarf or a collar pulled up over the mouth or the nose: no mask either."""
    BEARD = "beard"
    PAPER = "paper"


def drawn(kinds: type[Kind], rng: np.random.Generator) -> Kind:
    """Any of the kinds, each as likely as the others."""
    members = list(kinds)
    return members[int(rng.integers(len(members)))]


def drawn_by(shares: Mapping[Kind, float], rng: np.random.Generator) -> Kind:
    """Any of some kinds, each as often as its share of all shares says."""
    kinds, weights = list(shares), np.array(list(shares.values()))
    return kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
