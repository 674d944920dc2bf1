"""Everything that can be drawn on a labelled face, by name, and the label that it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maskwatch.types import Face, Fault, State
from maskwatch_train.synthesis.kinds import OccluderKind, WearKind
from maskwatch_train.synthesis.masks import synthesise
from maskwatch_train.synthesis.occluders import occlude
from maskwatch_train.synthesis.recolour import Recolour, recolour
from maskwatch_train.synthesis.room import has_room

if TYPE_CHECKING:
    from maskwatch.types import Image


@dataclass(frozen=True, slots=True)
class Wear:
    """A mask drawn on a bare face."""

    kind: WearKind
    needs = State.NO_MASK

    @property
    def label(self) -> tuple[State, Fault | None]:
        """What the face is afterwards."""
        return self.kind.state, self.kind.fault

    def draw(self, image: Image, face: Face, rng: np.random.Generator) -> Image | None:
        """None where the picture has no room for it."""
        return synthesise(image, face, self.kind, rng) if has_room(image, face, self.kind) else None


@dataclass(frozen=True, slots=True)
class Occlude:
    """Something that is no mask, before a bare face: a hard negative."""

    kind: OccluderKind
    needs = State.NO_MASK
    label = (State.NO_MASK, None)

    def draw(self, image: Image, face: Face, rng: np.random.Generator) -> Image | None:
        """Always possible."""
        return occlude(image, face, self.kind, rng)


@dataclass(frozen=True, slots=True)
class Dye:
    """Another colour for a real blue mask."""

    kind: Recolour
    needs = State.MASK
    label = (State.MASK, None)

    def draw(self, image: Image, face: Face, rng: np.random.Generator) -> Image | None:
        """None where the mask is not light blue."""
        return recolour(image, face.box, self.kind, rng)


WORN = {kind.value: Wear(kind) for kind in WearKind}
HARD_NEGATIVES = {kind.value: Occlude(kind) for kind in OccluderKind}
RECOLOURED = {f"{kind.value}-colour": Dye(kind) for kind in Recolour}
DRAWERS: dict[str, Wear | Occlude | Dye] = {**WORN, **HARD_NEGATIVES, **RECOLOURED}
"""By the names that the command line and the folders of the result use."""
SETS = {
    "worn": tuple(WORN),
    "negatives": tuple(HARD_NEGATIVES),
    "recoloured": tuple(RECOLOURED),
}
"""Names that stand for several drawers at once."""
