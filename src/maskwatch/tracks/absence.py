"""When somebody who is out of sight is gone: the one rule for faces, people and episodes."""

from __future__ import annotations


def is_gone(misses: int, unseen_s: float, allowed_s: float) -> bool:
    """Whether somebody has been out of sight for too long.

    One miss alone never counts: where looks are rarer than the time allowed, nobody would outlive
    a single one.

    Args:
        misses: looks in a row that did not see them.
        unseen_s: time since the last one that did, in seconds.
        allowed_s: how long they may be out of sight.
    """
    return misses >= 2 and unseen_s > allowed_s
