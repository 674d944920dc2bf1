"""``python -m benchmarks.faceless``: what passes for a face in pictures that show none."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from maskwatch.build.models import BuildOptions, build_classifier, build_detector
from maskwatch.errors import MaskwatchError
from maskwatch.faces.base import FaceDetector
from maskwatch.masks.base import MaskClassifier
from maskwatch.tracks.tracklet import LifeSettings
from maskwatch_train.data.labelled import LabelledImage
from maskwatch_train.data.sets import PARTS, read_set
from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.scoring.end_to_end import see_images


def figures(
    pictures: Sequence[LabelledImage], detector: FaceDetector, classifier: MaskClassifier
) -> dict[str, int]:
    """How many pictures there are, what was taken for a face in them, by state, and how surely."""
    readings = see_images(detector, classifier, pictures).strays
    states = Counter(str(reading.state) for reading in readings)
    return {
        "pictures": len(pictures),
        "faces": len(readings),
        **dict(sorted(states.items())),
        "violations": sum(reading.state.is_violation for reading in readings),
        "sure enough for a person in a video": sum(
            reading.face.score >= LifeSettings().confirm_score for reading in readings
        ),
    }


def main() -> None:
    """Looks and tells."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faceless", description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True, help="manifest of such pictures")
    parser.add_argument("--split", default="all", choices=PARTS)
    parser.add_argument("--detector-model", type=Path, help="default: the one in the package")
    parser.add_argument("--classifier-model", type=Path, help="default: the one in the package")
    parser.add_argument("--threads", type=int, default=2)
    wanted = parser.parse_args()
    options = BuildOptions(
        detector_folder=wanted.detector_model,
        classifier_folder=wanted.classifier_model,
        threads=wanted.threads,
    )
    try:
        found = read_set(wanted.pictures, wanted.split)
        if found.has_faces:
            raise DataError(wanted.pictures, "shows faces")
        detector, classifier = build_detector(options).detect, build_classifier(options)
        print(json.dumps(figures(found.images, detector, classifier), indent=1))
    except MaskwatchError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
