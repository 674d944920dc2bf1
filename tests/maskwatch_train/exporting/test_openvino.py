"""OpenVINO is used without its telemetry."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

from tests.components import need

SENDS = """
import os, sys
forked = []
os.register_at_fork(before=lambda: forked.append(1))
sys.addaudithook(lambda event, _: forked.append(event) if event == "socket.connect" else None)
from maskwatch_train.exporting.openvino import import_openvino
import_openvino("a test").Core()
from openvino.tools.ovc import telemetry_utils
print(telemetry_utils.tm.__name__, len(forked))
"""


def test_openvino_reports_nothing_to_anybody() -> None:
    need("openvino", find_spec("openvino") is not None, "it comes with the extra [openvino]")
    done = subprocess.run(
        [sys.executable, "-c", SENDS], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == ["openvino.tools.ovc.telemetry_stub", "0"], done.stderr
