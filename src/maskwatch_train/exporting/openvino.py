"""OpenVINO, without what it tells its makers."""

from __future__ import annotations

import sys
from types import ModuleType

from maskwatch.errors import MissingExtra

_TELEMETRY = "openvino_telemetry"


def import_openvino(purpose: str) -> ModuleType:
    """Imports OpenVINO, which would otherwise report each import and conversion over the network.

    It does that through a package that comes with it, and goes without where that is missing; so
    for this program it is. Nobody is asked by that package, and its senders, forked from threads,
    may keep a program from ending.

    Args:
        purpose: what OpenVINO is for, for the error.

    Raises:
        MissingExtra: it is not installed.
    """
    sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type] # "not to be found"
    try:
        import openvino
    except ImportError as error:
        raise MissingExtra(purpose, "openvino") from error
    module: ModuleType = openvino
    return module
