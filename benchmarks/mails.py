"""How soon the photo of a violation is mailed: ``python -m benchmarks.mails``.

The whole service with the package's models, an RTSP camera that plays a clip again and again, and
a mail server with STARTTLS and a login, all on this machine. What is counted is the time from the
moment that a violation has held for ``hold_s`` in the camera's picture to the whole mail at the
server. The servers are those of the tests and need their system packages.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from tests.end_to_end.clips import repeated
from tests.end_to_end.ledger import delays_of
from tests.end_to_end.serving import serving
from tests.end_to_end.surroundings import surroundings
from tests.servers.local import need_rtsp_server
from tests.servers.mqtt import need_mosquitto

_SENT = (
    "select id from deliveries where kind = 'violation' and channel = 'shift' and state = 'sent'"
)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mails", description=__doc__)
    parser.add_argument("--clip", type=Path, required=True, help="H.264, with violations in it")
    parser.add_argument("--mails", type=int, default=80, help="two for each violation")
    wanted = parser.parse_args()
    need_rtsp_server()
    need_mosquitto()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = repeated(wanted.clip, folder / "clip.mp4", wanted.mails)
        with surroundings(folder, clip) as around:
            config = around.config({"door": {"url": around.camera.url}})
            with serving(config) as program:
                for number in range(wanted.mails):
                    program.wait_for(f"{_SENT} limit 1 offset {number}")
                delays_s = sorted(delays_of(program, around.mail.mails))
    summary = {
        "mails": len(delays_s),
        "median_s": round(statistics.median(delays_s), 2),
        "p95_s": round(statistics.quantiles(delays_s, n=20, method="inclusive")[-1], 2),
        "longest_s": round(delays_s[-1], 2),
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
