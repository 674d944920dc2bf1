"""What the exit codes of `maskwatch` mean."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Of several that apply, ``INTERRUPTED`` comes first, then ``VIOLATION``, then ``FAILED``."""

    OK = 0
    FAILED = 1
    """Some sources could not be read, or some results not written; the rest is done."""
    USAGE = 2
    """The command line makes no sense, or asks for something that is not installed."""
    VIOLATION = 3
    """``--fail-on violation``, and there was one."""
    MODEL = 4
    """A model is missing or damaged, or cannot be run."""
    INTERRUPTED = 130
    """Ctrl-C, SIGTERM or SIGHUP; what was done until then is written and can be read."""
