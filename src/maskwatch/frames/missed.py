"""Hears that packets of a network stream never arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import av.logging

_MISSED = "RTP: missed"
"""How FFmpeg says so (rtpdec.c). It tells by no other means, and decoders make something up for
what is missing, often without a word: H.265 always does."""


@contextmanager
def missed_packets() -> Iterator[Callable[[], bool]]:
    """Gives a function that tells whether packets were missed since its last call.

    Within this context, what FFmpeg logs in any thread of the process is taken in and goes nowhere
    else. To be entered before the stream is opened: FFmpeg reads some of it then.
    """
    av.logging.set_level(av.logging.WARNING)
    av.logging.set_skip_repeated(False)  # or the second loss in a row would go unheard
    with av.logging.Capture(local=False) as logs:

        def has_missed() -> bool:
            said = logs[:]
            del logs[: len(said)]
            return any(message.startswith(_MISSED) for _, _, message in said)

        try:
            yield has_missed
        finally:
            av.logging.set_level(None)
