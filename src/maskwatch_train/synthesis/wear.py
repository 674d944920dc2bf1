"""Where a mask sits on a head: its outline for every way of wearing it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwatch_train.synthesis.head import Head
from maskwatch_train.synthesis.kinds import WearKind
from maskwatch_train.synthesis.surface import Tent


@dataclass(frozen=True, slots=True)
class Placement:
    """A band of cloth around the head between an upper and a lower edge.

    Heights are in head units (eyes 0, mouth 1). Each edge runs from its height at the middle of
    the face to its height at the side along a power curve, whose exponent is the bend.
    """

    top: float
    top_side: float
    top_bend: float
    bottom: float
    bottom_side: float
    bottom_bend: float
    side_angle: float
    """Half the angle that the mask spans around the head, in radians."""
    tilt: float
    """How much further down the right side of the picture hangs than the middle, in head units."""
    tent: Tent | None

    def edges(self, t: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Heights of the upper and the lower edge at angles ``t`` (radians)."""
        share = np.minimum(np.abs(t) / self.side_angle, 1.3)
        tilt = self.tilt * t / self.side_angle
        upper = self.top + (self.top_side - self.top) * share**self.top_bend + tilt
        lower = self.bottom + (self.bottom_side - self.bottom) * share**self.bottom_bend + tilt
        return upper, lower


def place(kind: WearKind, head: Head, rng: np.random.Generator) -> Placement:
    """Draw an outline for one way of wearing a mask.

    For ``other`` it lies on the forehead, the eyes or the nose alone: a mask that hangs from an
    ear has no such outline.
    """
    return _PLACERS[kind](head, rng)


def _worn_well(head: Head, rng: np.random.Generator) -> Placement:
    top = head.nose_y * rng.uniform(0.22, 0.72)
    bottom = head.chin_y + rng.uniform(0.02, 0.2)
    return Placement(
        top=top,
        top_side=max(top + 0.1, rng.uniform(0.45, 0.78)),
        top_bend=rng.uniform(0.8, 1.7),
        bottom=bottom,
        bottom_side=rng.uniform(1.0, 1.4),
        bottom_bend=rng.uniform(1.6, 3.0),
        side_angle=math.radians(rng.uniform(54, 78)),
        tilt=rng.normal(0, 0.02),
        tent=Tent(
            centre_y=head.nose_y + 0.14,
            height=rng.uniform(0.28, 0.44),
            spread_x=rng.uniform(0.32, 0.5),
            spread_y=rng.uniform(0.42, 0.6),
        ),
    )


def _nose_out(head: Head, rng: np.random.Generator) -> Placement:
    # The nostrils end at about 0.35 of the way from the nose tip to the mouth, the lip begins at
    # about 0.7: most edges lie on the upper lip, some right under the tip.
    top = head.nose_y + (1 - head.nose_y) * (0.1 + 0.55 * rng.beta(1.6, 1.8))
    return Placement(
        top=top,
        top_side=top + rng.uniform(-0.28, 0.08),
        top_bend=rng.uniform(0.9, 2.0),
        bottom=head.chin_y + rng.uniform(0.05, 0.35),
        bottom_side=rng.uniform(1.15, 1.6),
        bottom_bend=rng.uniform(1.6, 3.0),
        side_angle=math.radians(rng.uniform(54, 80)),
        tilt=rng.normal(0, 0.02),
        tent=Tent(
            centre_y=rng.uniform(1.05, 1.2),
            height=rng.uniform(0.12, 0.26),
            spread_x=rng.uniform(0.34, 0.5),
            spread_y=rng.uniform(0.35, 0.5),
        ),
    )


def _under_chin(head: Head, rng: np.random.Generator) -> Placement:
    jaw = head.chin_y - 1
    top = 1 + jaw * rng.uniform(0.38, 1.12)
    bunched = rng.random() < 0.5
    thickness = rng.uniform(0.16, 0.32) if bunched else rng.uniform(0.35, 0.75)
    bottom = max(top + thickness, head.chin_y + rng.uniform(0.02, 0.12))
    rise = rng.uniform(0.05, 0.55)
    side = top - rise
    return Placement(
        top=top,
        top_side=side,
        top_bend=rng.uniform(2.0, 3.2),
        bottom=bottom,
        bottom_side=side + (bottom - top) * rng.uniform(0.6, 1.0),
        bottom_bend=rng.uniform(1.8, 3.0),
        side_angle=math.radians(rng.uniform(58, 88)),
        tilt=rng.normal(0, 0.025),
        tent=Tent(
            centre_y=head.chin_y,
            height=rng.uniform(0.08, 0.2),
            spread_x=rng.uniform(0.35, 0.55),
            spread_y=rng.uniform(0.25, 0.4),
        ),
    )


def _chin_out(head: Head, rng: np.random.Generator) -> Placement:
    jaw = head.chin_y - 1
    top = head.nose_y * rng.uniform(0.05, 0.6)
    bottom = 1 + jaw * rng.uniform(0.26, 0.58)
    return Placement(
        top=top,
        top_side=max(top + 0.05, rng.uniform(0.25, 0.6)),
        top_bend=rng.uniform(0.8, 1.7),
        bottom=bottom,
        bottom_side=bottom - rng.uniform(0.0, 0.35),
        bottom_bend=rng.uniform(1.4, 2.6),
        side_angle=math.radians(rng.uniform(50, 76)),
        tilt=rng.normal(0, 0.02),
        tent=Tent(
            centre_y=head.nose_y + 0.08,
            height=rng.uniform(0.28, 0.42),
            spread_x=rng.uniform(0.3, 0.45),
            spread_y=rng.uniform(0.38, 0.5),
        ),
    )


def _forehead_eyes_or_nose(head: Head, rng: np.random.Generator) -> Placement:
    draw = rng.random()
    if draw < 0.35:  # over the eyes
        top, bottom = rng.uniform(-0.6, -0.3), head.nose_y * rng.uniform(0.45, 0.9)
    elif draw < 0.6:  # folded over the nose alone
        top = head.nose_y * rng.uniform(0.2, 0.6)
        bottom = head.nose_y + (1 - head.nose_y) * rng.uniform(0.3, 0.65)
    else:
        top, bottom = rng.uniform(-1.15, -0.7), rng.uniform(-0.35, -0.16)
    return Placement(
        top=top,
        top_side=top + rng.uniform(0.0, 0.25),
        top_bend=rng.uniform(1.5, 2.5),
        bottom=bottom,
        bottom_side=bottom - rng.uniform(-0.1, 0.15),
        bottom_bend=rng.uniform(1.5, 2.5),
        side_angle=math.radians(rng.uniform(50, 75)),
        tilt=rng.normal(0, 0.03),
        tent=Tent(
            centre_y=(top + bottom) / 2,
            height=rng.uniform(0.05, 0.2),
            spread_x=rng.uniform(0.35, 0.5),
            spread_y=0.35,
        ),
    )


_PLACERS = {
    WearKind.MASK: _worn_well,
    WearKind.NOSE_OUT: _nose_out,
    WearKind.UNDER_CHIN: _under_chin,
    WearKind.CHIN_OUT: _chin_out,
    WearKind.OTHER: _forehead_eyes_or_nose,
}
