"""Mask classifiers: Face -> MaskReading."""
