"""Where decoder processes come from: copies of one process that has loaded all they need.

Loading the decoder takes a process half a second and 40 MB. On Linux that is done once, in a
server process of Python's own `multiprocessing`, and every camera gets a copy of it, which shares
the memory that nobody writes to. Elsewhere, or where that server cannot be had, each loads
everything itself.

::

    service --starts, keeps--> server --forks--> decoder, decoder, ...

The kernel ends the decoders with the server and the server with the service.
"""

from __future__ import annotations

import logging
import multiprocessing
import sys
import threading
from concurrent.futures import Future
from multiprocessing import forkserver
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

_log = logging.getLogger(__name__)

_LOADED_ONCE = ["maskwatch.runtime.nursery"]


class _Keeper:
    """Starts the server, and anew should it have died, always from one thread that never ends.

    For Linux the parent of a process is the thread that started it, and the server is to die with
    its parent: a camera's thread would take all cameras along when it ends.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wishes: SimpleQueue[Future[bool]] = SimpleQueue()

    def see_to_it(self) -> bool:
        """Whether the server runs now; it cannot where its socket cannot be made."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep, name="nursery", daemon=True)
                self._thread.start()
        runs: Future[bool] = Future()
        self._wishes.put(runs)
        return runs.result()

    def _keep(self) -> None:
        while True:
            runs = self._wishes.get()
            try:
                forkserver.ensure_running()
                runs.set_result(True)
            except OSError as error:  # such as a folder for temporary files with a long name
                _log.warning("each camera's process loads the decoder by itself: %s", error)
                runs.set_result(False)


_keeper = _Keeper()
"""One per process, as the server of `multiprocessing` is."""


def decoder_context() -> ForkServerContext | SpawnContext:
    """What decoder processes are to be made with."""
    # Not plain fork: a copy of a process with threads and models in it may hold locked locks.
    if sys.platform == "linux":
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_LOADED_ONCE)
        if _keeper.see_to_it():
            return context
    return multiprocessing.get_context("spawn")
