"""Where the material lies that tests use but the repository does not carry."""

from __future__ import annotations

import os
from pathlib import Path

from tests.components import need

_CHECKOUT = Path(__file__).resolve().parent.parent


def shared_root() -> Path:
    """The folder named by ``MASKWATCH_SHARED``, or ``shared`` beside the checkout."""
    override = os.environ.get("MASKWATCH_SHARED")
    return Path(override) if override else _CHECKOUT.parent / "shared"


def shared(path: str) -> Path:
    """A file or folder of the shared material; the calling test is skipped where it is absent.

    Args:
        path: relative to the shared folder, such as ``videos/laptop_mask.mp4``.
    """
    found = shared_root() / path
    need(f"shared/{path}", found.exists(), "put it beside the checkout or set MASKWATCH_SHARED")
    return found
