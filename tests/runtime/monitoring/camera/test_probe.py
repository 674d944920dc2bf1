from __future__ import annotations

import pytest

from maskwatch.config.cameras import camera_of
from maskwatch.errors import SourceError
from maskwatch.runtime.live.child import DecoderProcess
from maskwatch.runtime.monitoring.camera.probe import first_frame
from tests.runtime.processes import PATIENCE_S
from tests.servers.local import dripping_server


def test_a_camera_is_called_well_only_within_the_limits_that_the_service_keeps() -> None:
    with dripping_server(b"HTTP/1.0 200 OK\r\n\r\n", b"x") as port:
        config = camera_of({"url": f"http://127.0.0.1:{port}/", "open_timeout_s": 1})
        with pytest.raises(SourceError, match="no answer within 1 s"):
            first_frame(config, PATIENCE_S, DecoderProcess)
