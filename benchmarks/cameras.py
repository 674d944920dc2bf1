"""``python -m benchmarks.cameras``: what each camera more costs; see `benchmarks.lanes`.

Processes of cameras import the program's own module, so this one is kept as light as the service's.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path


def main() -> None:
    """Measures and writes."""
    from tests.servers.rtsp import rtsp_camera

    from benchmarks.lanes import cost_of

    parser = argparse.ArgumentParser(prog="python -m benchmarks.cameras", description=__doc__)
    parser.add_argument("--clip", type=Path, required=True, help="H.264 in MP4, minutes long")
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 2, 4, 6, 8])
    parser.add_argument("--fps", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    costs = []
    with rtsp_camera(clip=wanted.clip.resolve()) as camera:
        url = f"rtsp://127.0.0.1:{camera.port}/clip"
        for cameras in wanted.cameras:
            costs.append(cost_of(cameras, url, wanted.fps, wanted.seconds))
            print(costs[-1], flush=True)
    wanted.out.write_text(json.dumps([asdict(cost) for cost in costs], indent=1) + "\n")


if __name__ == "__main__":
    main()
