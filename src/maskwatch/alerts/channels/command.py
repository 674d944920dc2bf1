"""A program on this machine: a sound, a door display, a GPIO pin."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from maskwatch.alerts.as_json import alert_as_json
from maskwatch.alerts.base import Alert
from maskwatch.alerts.channels.replies import shown
from maskwatch.config.alerts import CommandConfig
from maskwatch.errors import ChannelError
from maskwatch.reasons import system_reason

# What a program needs to find its files, screen and loudspeaker. Nothing else is passed on: the
# environment of the service may hold its secrets.
_PASSED_ON = (
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"),
    *("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "PULSE_SERVER"),
)
_LAST_BREATH_S = 1.0
_LAST_WORDS = 10_000
"""How many bytes of what a program says are looked at; no more of a line is told anyway."""


class CommandChannel:
    """Runs a program for each alert and waits until it has ended."""

    def __init__(self, config: CommandConfig) -> None:
        self._config = config
        self._environment = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}

    def send(self, alert: Alert) -> None:
        """See `AlertChannel`; an exit code of 0 is a yes."""
        values = json.dumps(alert_as_json(alert, with_photo=self._config.photo)).encode()
        try:
            # Not a pipe, which whatever the program leaves behind would keep open.
            with tempfile.TemporaryFile() as said:
                self._run(values, _variables(alert), said)
        except OSError as error:
            raise ChannelError(f"{self._config.command[0]}: {system_reason(error)}") from error

    def try_out(self) -> str:
        """See `TriableChannel`: looks for the program, and does not run it."""
        program = self._config.command[0]
        found = shutil.which(program)
        if found is None:
            raise ChannelError(f"there is no program {program}, or it may not be run")
        return f"{Path(found)} can be run"

    def close(self) -> None:
        """Nothing is kept open."""

    def _run(self, values: bytes, variables: dict[str, str], said: BinaryIO) -> None:
        process = subprocess.Popen(  # noqa: S603 - whoever configures the service chose it
            [*_leash(), *self._config.command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**self._environment, **variables},
            start_new_session=True,  # so that whatever it starts can be ended with it
        )
        try:
            process.communicate(values, timeout=self._config.timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ChannelError(f"still running after {self._config.timeout_s:g} s") from error
        finally:
            if process.returncode != 0:  # what was done stays, such as a lamp that goes off later
                _end(process)
        if process.returncode != 0:
            raise ChannelError(f"exit code {process.returncode}{_last_line(said)}")


def _leash() -> tuple[str, ...]:
    """What has the kernel end the program when this process is killed, where there is such a thing.

    A program of util-linux does it, because code of ours that runs between fork and exec could
    deadlock: this process has many threads.
    """
    program = shutil.which("setpriv") if sys.platform == "linux" else None
    return () if program is None else (program, "--pdeathsig", "KILL", "--")


def _variables(alert: Alert) -> dict[str, str]:
    """The essentials once more, for programs that read no JSON."""
    first = alert.episodes[0] if alert.episodes else None
    return {
        "MASKWATCH_KIND": alert.kind.value,
        "MASKWATCH_CAMERA": alert.camera or "",
        "MASKWATCH_TITLE": alert.title,
        "MASKWATCH_ADVICE": (first.advice if first else None) or "",
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a program with all that it started; one that cannot be ended is left to itself."""
    with suppress(ProcessLookupError, PermissionError):  # all have ended; it is somebody else's
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(OSError):  # what was not read
        if process.stdin is not None:
            process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LAST_BREATH_S)


def _last_line(said: BinaryIO) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - _LAST_WORDS))
    lines = [line for each in said.read().splitlines() if (line := shown(each))]
    return f": {lines[-1]}" if lines else ""
