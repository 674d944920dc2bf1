"""Face detectors: Frame -> Face."""
