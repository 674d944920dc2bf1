"""Whose the files are that an administrator makes for the service."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_ROOT = 0


@contextmanager
def kept_by_owner(places: Iterable[Path]) -> Iterator[None]:
    """What root makes within the block goes to whoever owns the folder that was there before.

    The service is somebody else, as a rule, and could not open it. Does nothing for other users,
    and where there is no such thing as an owner.

    Args:
        places: files or folders that may be made, or made more of.
    """
    with ExitStack() as stack:
        if hasattr(os, "geteuid") and os.geteuid() == _ROOT:
            for place in places:
                stack.enter_context(_kept_by_owner(place.absolute()))
        yield


@contextmanager
def _kept_by_owner(place: Path) -> Iterator[None]:
    missing = [each for each in (place, *place.parents) if not each.exists()]
    was_there = missing[-1].parent if missing else place
    owner = was_there.stat()
    try:
        yield
    finally:
        for path in (*missing, place, *place.rglob("*")):
            # Not through links: they may lead to what is none of the owner's business.
            if os.path.lexists(path) and path.lstat().st_uid == _ROOT:
                os.lchown(path, owner.st_uid, owner.st_gid)
