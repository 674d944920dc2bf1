"""A program on this machine: a sound, a door display, a GPIO pin."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress

from maskwatch.alerts.base import Alert
from maskwatch.alerts.channels.replies import shown
from maskwatch.alerts.payload import alert_as_json
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


class CommandChannel:
    """Runs a program for each alert and waits until it has ended."""

    def __init__(self, config: CommandConfig) -> None:
        self._config = config
        self._environment = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}

    def send(self, alert: Alert) -> None:
        """See `AlertChannel`; an exit code of 0 is a yes."""
        values = json.dumps(alert_as_json(alert, with_photo=self._config.photo)).encode()
        try:
            process = subprocess.Popen(  # noqa: S603 - whoever configures the service chose it
                [*_leash(), *self._config.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**self._environment, **_variables(alert)},
                start_new_session=True,  # so that whatever it starts can be ended with it
            )
        except OSError as error:
            raise ChannelError(f"{self._config.command[0]}: {system_reason(error)}") from error
        try:
            _, complaint = process.communicate(values, timeout=self._config.timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ChannelError(f"still running after {self._config.timeout_s:g} s") from error
        finally:
            _end(process)
        if process.returncode != 0:
            raise ChannelError(f"exit code {process.returncode}{_last_line(complaint)}")

    def close(self) -> None:
        """Nothing is kept open."""


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
    for pipe in (process.stdin, process.stderr):
        with suppress(OSError):  # what was not read
            if pipe is not None:
                pipe.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LAST_BREATH_S)


def _last_line(complaint: bytes) -> str:
    said = [line for each in complaint.splitlines() if (line := shown(each))]
    return f": {said[-1]}" if said else ""
