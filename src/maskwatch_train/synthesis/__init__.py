"""Synthetic masks and occlusions, drawn on photographs of bare faces for training."""

from maskwatch_train.synthesis.donors import Donor, cut_out
from maskwatch_train.synthesis.kinds import OccluderKind, WearKind, drawn, drawn_by
from maskwatch_train.synthesis.masks import draw_mask, synthesise
from maskwatch_train.synthesis.occluders import occlude
from maskwatch_train.synthesis.room import has_room
from maskwatch_train.synthesis.sheets import contact_sheet
from maskwatch_train.synthesis.transplant import transplant

__all__ = [
    "Donor",
    "OccluderKind",
    "WearKind",
    "contact_sheet",
    "cut_out",
    "draw_mask",
    "drawn",
    "drawn_by",
    "has_room",
    "occlude",
    "synthesise",
    "transplant",
]
