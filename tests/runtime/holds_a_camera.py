"""A program that holds a camera open until it is killed; prints its decoder's process id."""

from __future__ import annotations

import time

from maskwatch.runtime.live.child import DecoderProcess
from tests.runtime.processes import order


def main() -> None:
    decoder = DecoderProcess(order())
    decoder.open()
    decoder.next()
    print(decoder.pid, flush=True)  # noqa: T201 - read by the test
    time.sleep(3600)


if __name__ == "__main__":
    main()
