"""A program that is the only service with a store until it is killed, and has children.

Prints the process ids of a decoder and of a program that outlives this one.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from maskwatch.runtime.live.child import DecoderProcess
from maskwatch.store.lock import only_service
from maskwatch.store.store import Store
from tests.runtime.processes import order


def main() -> None:
    with (
        Store.open(sys.argv[1], Path(sys.argv[2])) as store,
        only_service(store.database, store.snapshots.folder),
    ):
        decoder = DecoderProcess(order())
        decoder.open()
        program = subprocess.Popen(["sleep", "3600"])
        print(decoder.pid, program.pid, flush=True)  # noqa: T201 - read by the test
        time.sleep(3600)


if __name__ == "__main__":
    main()
