"""Whether the picture shows enough around a face for a way of wearing a mask to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskwatch.types import Face
from maskwatch_train.synthesis.head import fit_head
from maskwatch_train.synthesis.kinds import WearKind

if TYPE_CHECKING:
    from maskwatch.types import Image

_NECK, _CHIN, _FOREHEAD = 0.35, 0.05, -0.5


def has_room(image_bgr: Image, face: Face, kind: WearKind) -> bool:
    """True when a mask worn like this would lie in the picture, not beyond its rim.

    In tight crops a mask under the chin would fall outside: the picture would show a bare face
    under the label of a wrongly worn mask.

    Args:
        image_bgr: ``(H, W, 3)``.
        face: a face in it, with landmarks.
        kind: how the mask would be worn.

    Raises:
        ValueError: the face has no landmarks, or its eyes and mouth fall together.
    """
    head = fit_head(face)
    lowest = {
        WearKind.UNDER_CHIN: head.chin_y + _NECK,
        WearKind.CHIN_OUT: head.chin_y + _CHIN,
        WearKind.OTHER: head.chin_y,
    }.get(kind, 1.0)
    highest = _FOREHEAD if kind == WearKind.OTHER else 0.0
    height, width = image_bgr.shape[:2]
    needed = (head.to_picture(0.0, y) for y in (lowest, highest))
    return all(0 <= point.x < width and 0 <= point.y < height for point in needed)
