"""Where decoder processes come from: copies of one process that has loaded all they need.

Loading the decoder takes a process half a second and 40 MB. On Linux that is done once, in a
server process of Python's own `multiprocessing`, and every camera gets a copy of it, which shares
the memory that nobody writes to. Elsewhere, or where that server cannot be had, each loads
everything itself.

::

    service --starts, keeps--> server --forks--> decoder, decoder, ...

The kernel ends the decoders with the server and the server with the service. None of them loads
the program that they work for, which may be anybody's script.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker, spawn
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

_log = logging.getLogger(__name__)

_LOADED_ONCE = ["maskwatch.runtime.live.preload"]


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
        """Whether the server runs now; it cannot where its socket cannot be made.

        Raises:
            RuntimeError: this process may not start others.
        """
        with self._lock:
            # A fork of this process has the variable, but not the thread.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._keep, name="decoders", daemon=True)
                self._thread.start()
        runs: Future[bool] = Future()
        self._wishes.put(runs)
        return runs.result()

    def _keep(self) -> None:
        while True:
            runs = self._wishes.get()
            try:
                _start_undisturbed()
                runs.set_result(True)
            except OSError as error:  # such as a folder for temporary files with a long name
                _log.warning("each camera's process loads the decoder by itself: %s", error)
                runs.set_result(False)
            except Exception as error:  # noqa: BLE001 - who asked is told, and does not wait for ever
                runs.set_exception(error)


def _start_undisturbed() -> None:
    """Has the server run, which neither Ctrl-C, SIGTERM nor a terminal that is closed can hit.

    Such signals may come to all processes of a program, and what they mean is the program's to
    decide. Those that this thread starts have the signals blocked that it has. What tracks
    resources ignores Ctrl-C and SIGTERM, for which it blocks and unblocks them by itself, so it is
    started before.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    try:
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_keeper = _Keeper()
"""One per process, as the server of `multiprocessing` is."""


def decoder_context() -> ForkServerContext | SpawnContext:
    """What decoder processes are to be made with.

    Raises:
        RuntimeError: this process may not start others.
    """
    # Not plain fork: a copy of a process with threads and models in it may hold locked locks.
    if sys.platform == "linux":
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_LOADED_ONCE)
        if _keeper.see_to_it():
            return context
    return multiprocessing.get_context("spawn")


_main_hidden = threading.Lock()


@contextmanager
def without_main() -> Iterator[None]:
    """Processes that this thread starts meanwhile do not load the program that runs.

    Those of `multiprocessing` run its ``__main__`` first, because what they are to do may be
    defined there. What decoders do is not; and a script without ``if __name__ == "__main__"``
    would do all of its work again, while one from standard input cannot be found.
    """
    starter = threading.get_ident()
    with _main_hidden:
        usual = spawn.get_preparation_data

        def prepared(name: str) -> dict[str, Any]:
            data = usual(name)
            if threading.get_ident() == starter:  # others may start processes that need it
                data.pop("init_main_from_name", None)
                data.pop("init_main_from_path", None)
            return data

        spawn.get_preparation_data = prepared
        try:
            yield
        finally:
            spawn.get_preparation_data = usual
