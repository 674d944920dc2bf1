"""``python -m benchmarks``: maskwatch beside what one could use instead, as JSON.

See docs/performance.md for what each contestant is and how to get it. One whose files are not
given does not take part.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contest import Contestant, Figure, Worker, as_json, compare, running
from benchmarks.process import run_program
from benchmarks.scenes import FACES, SIZES, Scene, face_crops, scene

_FRAMES = {"pypi": 20, "pypi, detector kept": 20, "textbook": 40}
"""Of a clip, at most, for those to whom every frame costs the same and much."""


def main() -> None:
    """Measures and writes."""
    wanted = _arguments()
    data: dict[str, Any] = {"figures": []}
    if wanted.append and wanted.out.exists():
        data = json.loads(wanted.out.read_text())
    data["machine"] = _machine()
    with tempfile.TemporaryDirectory() as folder:
        for threads in wanted.threads:
            with running(_contestants(wanted), threads) as workers:
                for figures in _measured(wanted, workers, threads, Path(folder)):
                    data["figures"] += as_json(figures)
                    wanted.out.write_text(json.dumps(data, indent=1) + "\n")
                    _tell(figures)
    data["processes"] = data.get("processes", {}) | _processes(wanted)
    wanted.out.write_text(json.dumps(data, indent=1) + "\n")


def _measured(
    wanted: argparse.Namespace, workers: Sequence[Worker], threads: int, folder: Path
) -> Iterator[list[Figure]]:
    """The figures of all, picture by picture and clip by clip."""
    names = [each.contestant.name for each in workers]
    for path, each in _scenes(wanted, folder):
        orders = {name: {"still": str(path)} for name in names}
        yield compare(workers, each.name, orders, threads, wanted.rounds)
    for clip in wanted.clip:
        for write in (False, True):
            orders = {name: _video_order(name, clip, write, folder) for name in names}
            subject = f"{clip.stem}{', written' if write else ''}"
            yield compare(workers, subject, orders, threads, wanted.clip_rounds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--faces", type=Path, default=Path("samples"), help="folder of pictures with faces")
    add("--clip", type=Path, action="append", default=[], help="video; may be repeated")
    add("--yunet", help="OpenCV's YuNet as ONNX")
    add("--mobilenet", help="a MobileNetV2 of 224 pixels as ONNX")
    add("--pypi-python", help="an interpreter with face-mask-detector 0.2.3 and TensorFlow")
    add("--threads", type=int, nargs="+", default=[1, 2])
    add("--rounds", type=int, default=5)
    add("--clip-rounds", type=int, default=3)
    add("--sizes", type=int, nargs="*", help="heights of the pictures, of 360, 720 and 1080")
    add("--append", action="store_true", help="keep what the file already holds")
    add("--out", type=Path, required=True, help="file for the figures")
    return parser.parse_args()


def _contestants(wanted: argparse.Namespace) -> list[Contestant]:
    found = [Contestant("maskwatch", "maskwatch"), Contestant("decode only", "decode")]
    if wanted.pypi_python:
        found.append(Contestant("pypi", "pypi", wanted.pypi_python))
        kept = {"keep_detector": True}
        found.append(Contestant("pypi, detector kept", "pypi", wanted.pypi_python, kept))
    if wanted.yunet and wanted.mobilenet:
        options = {"yunet": wanted.yunet, "mobilenet": wanted.mobilenet}
        found.append(Contestant("textbook", "textbook", sys.executable, options))
    return found


def _scenes(wanted: argparse.Namespace, folder: Path) -> list[tuple[Path, Scene]]:
    crops = face_crops(wanted.faces, max(FACES))
    found = []
    for width, height in SIZES:
        if wanted.sizes is not None and height not in wanted.sizes:
            continue
        for faces in FACES:
            made = scene(crops, faces, width, height)
            path = folder / f"{faces}-{height}.npy"
            np.save(path, made.picture)
            found.append((path, made))
    return found


def _video_order(name: str, clip: Path, write: bool, folder: Path) -> dict[str, Any]:
    target = str(folder / f"{name.split(',')[0]}.mp4") if write else None
    return {"video": str(clip), "write": target, "frames": _FRAMES.get(name)}


def _processes(wanted: argparse.Namespace) -> dict[str, Any]:
    runs = {}
    picture = str(sorted(Path("samples").glob("*.jpg"))[0])
    plain = ["--no-annotate", "--quiet"]
    runs["detect picture"] = asdict(run_program(["detect", picture, *plain], wanted.rounds))
    for clip in wanted.clip:
        arguments = ["detect", str(clip), *plain]
        runs[f"detect {clip.stem}"] = asdict(run_program(arguments, wanted.clip_rounds))
    return runs


def _tell(figures: list[Figure]) -> None:
    for each in figures:
        print(
            f"{each.threads} threads  {each.subject:28} {each.contestant:20} {each.result:4} "
            f"{each.wall_ms:8.2f} ms ({each.wall_low_ms:.2f} to {each.wall_high_ms:.2f}), "
            f"{each.cpu_ms:.2f} ms of processor",
            flush=True,
        )


def _machine() -> dict[str, Any]:
    packages = ("maskwatch", "onnxruntime", "opencv-python-headless", "av", "numpy")
    versions = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except ModuleNotFoundError:
            versions[package] = "checkout"
    return {
        "processors": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "packages": versions,
    }


if __name__ == "__main__":
    main()
