from __future__ import annotations

import pickle

import pytest

from maskwatch.errors import (
    ChannelError,
    ConfigError,
    ConfigProblem,
    MaskwatchError,
    MissingExtra,
    OutputError,
    SourceLost,
    Throttled,
    UsageError,
)


@pytest.mark.parametrize(
    "error",
    [
        SourceLost("rtsp://door", "no picture for 10 s"),
        OutputError("out.jpg", "no space left on the device"),
        ConfigError("maskwatch.yaml", [ConfigProblem("port", "0", "must be above 0", 3)]),
        ChannelError("no such recipient", permanent=True),
        Throttled(30.0),
        MissingExtra("serve", "serve"),
        UsageError("give a source"),
    ],
)
def test_an_error_says_in_another_process_what_it_said_in_its_own(error: MaskwatchError) -> None:
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)
