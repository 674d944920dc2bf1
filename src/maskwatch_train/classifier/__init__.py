"""The mask classifier: its data, augmentation, training and calibration."""
