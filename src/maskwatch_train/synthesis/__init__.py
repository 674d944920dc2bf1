"""Synthetic masks and occlusions, drawn on photographs of bare faces for training."""

from maskwatch_train.synthesis.kinds import OccluderKind, WearKind, drawn, drawn_by
from maskwatch_train.synthesis.masks import draw_mask, synthesise
from maskwatch_train.synthesis.occluders import occlude
from maskwatch_train.synthesis.room import has_room
from maskwatch_train.synthesis.sheets import contact_sheet

__all__ = [
    "OccluderKind",
    "WearKind",
    "contact_sheet",
    "draw_mask",
    "drawn",
    "drawn_by",
    "has_room",
    "occlude",
    "synthesise",
]
