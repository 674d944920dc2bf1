"""What the operating system says, as part of a sentence."""

from __future__ import annotations

import errno


def system_reason(error: OSError | ValueError) -> str:
    """The error's own words in lower case, without the path that it concerns."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "no space left on the device"
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return said[:1].lower() + said[1:]
