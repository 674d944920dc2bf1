"""Synthetic masks and occlusions, drawn on photographs of bare faces for training."""

from maskwatch_train.synthesis.kinds import OccluderKind, WearKind
from maskwatch_train.synthesis.masks import synthesise
from maskwatch_train.synthesis.sheets import contact_sheet

__all__ = ["OccluderKind", "WearKind", "contact_sheet", "synthesise"]
