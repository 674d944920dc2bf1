"""``python -m benchmarks.crowd``: what each face more costs per frame of a video.

The clip shows faces in rows that tremble a little, as people who wait do.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from benchmarks.scenes import face_crops, scene
from maskwatch.build.detection import build_detection
from maskwatch.build.models import BuildOptions
from maskwatch.frames.discover import discover
from maskwatch.frames.sniff import SourceKind
from maskwatch.outputs.video import VideoFile
from maskwatch.runtime.runs.open import open_source
from maskwatch.runtime.runs.session import Sinks

_FPS = 25
_SECONDS = 20


def make_clip(path: Path, faces: Path, count: int) -> None:
    """Writes a clip of 1280x720 with so many people."""
    still = scene(face_crops(faces, count), count, 1280, 720).picture
    video = VideoFile(path, _FPS)
    for i in range(_FPS * _SECONDS):
        across, down = 2 * np.sin(i / 9), 1.5 * np.sin(i / 13)
        matrix = np.array([[1, 0, across], [0, 1, down]])
        moved = cv2.warpAffine(still, matrix, (1280, 720), borderMode=cv2.BORDER_REPLICATE)
        video.write(np.asarray(moved, np.uint8), i / _FPS)
    video.close()


def cost_ms(clip: Path, rounds: int) -> tuple[float, float, int]:
    """Processor milliseconds per frame with and without looking, and how many people there were."""
    detection = build_detection(BuildOptions(threads=1), {SourceKind.VIDEO})
    specs = discover(str(clip)).specs
    watched, decoded, people = [], [], 0
    for _ in range(rounds):
        session = detection.session(detection.open_source, Sinks())
        begin = time.process_time()
        people = session.run(specs).sources[0].tally.people
        watched.append(time.process_time() - begin)
        begin = time.process_time()
        with open_source(specs[0], threads=1) as source:
            frames = sum(1 for _ in source)
        decoded.append(time.process_time() - begin)
    return 1000 * min(watched) / frames, 1000 * min(decoded) / frames, people


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=__doc__)
    parser.add_argument("--faces", type=Path, default=Path("samples"))
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 3, 5, 10, 15])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    cv2.setNumThreads(1)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for count in wanted.counts:
            clip = Path(folder) / f"{count}.mp4"
            make_clip(clip, wanted.faces, count)
            watched, decoded, people = cost_ms(clip, wanted.rounds)
            found.append({"faces": count, "people": people, "ms": watched, "decode_ms": decoded})
            print(found[-1], flush=True)
    wanted.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
