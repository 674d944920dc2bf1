"""The program, with models that see painted squares: python -m tests.end_to_end.program detect ...

``SLOW`` in the environment is the time in seconds that each frame takes.
"""

from __future__ import annotations

import os
import time

from maskwatch.build import detection
from maskwatch.build.models import BuiltDetector
from maskwatch.cli.main import run
from maskwatch.types import Face, Frame
from tests.painted import SquareClassifier, SquareDetector


class SlowDetector(SquareDetector):
    def __call__(self, frame: Frame) -> list[Face]:
        time.sleep(float(os.environ.get("SLOW", "0")))
        return super().__call__(frame)


if __name__ == "__main__":
    detection.build_detector = lambda _, **__: BuiltDetector(SlowDetector(), 0.5)
    detection.build_classifier = lambda _: SquareClassifier()
    run()
