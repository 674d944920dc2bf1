"""Model folders: card, checksum, inference session; the default weights lie beside."""

from pathlib import Path

DEFAULT_DETECTOR = Path(__file__).parent / "face_detector"
DEFAULT_CLASSIFIER = Path(__file__).parent / "mask_classifier"
