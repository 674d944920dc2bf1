"""What a process that crashes leaves behind."""

from __future__ import annotations

import sys


def leave_no_memory_behind() -> None:
    """Has neither this process nor those that it starts from now on leave a core dump.

    A dump holds all of the memory, and with it pictures in which nobody is hidden yet, and
    passwords: systemd keeps it for days, whatever the privacy policy says.
    """
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
