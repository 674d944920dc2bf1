from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from maskwatch.alerts.channels.command import CommandChannel
from maskwatch.config.alerts import CommandConfig
from maskwatch.errors import ChannelError
from tests.alerts import samples
from tests.runtime.processes import is_running, wait_until


def channel(*command: str, **values: Any) -> CommandChannel:
    given = {"command": command, "timeout_s": 10, **values}
    return CommandChannel(CommandConfig.model_validate(given))


def python(program: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program, *arguments)


KEEP = "import os, sys; open(sys.argv[1], 'w').write(sys.stdin.read() + os.environ['MASKWATCH_{}'])"


def test_the_program_gets_the_alert_on_its_standard_input(tmp_path: Path) -> None:
    alert, kept = samples.alert(photo=samples.jpeg()), tmp_path / "kept"
    channel(*python(KEEP.format("ADVICE"), str(kept))).send(alert)
    text, _, advice = kept.read_text().rpartition("}")
    assert json.loads(text + "}")["id"] == alert.id
    assert "photo_jpeg_base64" not in text
    assert advice == "pull the mask up over your nose"


def test_the_photo_comes_where_it_is_asked_for(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    program = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    channel(*python(program, str(kept)), photo=True).send(samples.alert(photo=samples.jpeg()))
    values = json.loads(kept.read_text())
    assert base64.b64decode(values["photo_jpeg_base64"]) == samples.jpeg()


def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    program = "import sys; open(sys.argv[1], 'w').write(sys.argv[2])"
    channel(*python(program, str(kept), "$HOME; `id` && x")).send(samples.alert())
    assert kept.read_text() == "$HOME; `id` && x"


def test_secrets_in_the_environment_are_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "correct horse")
    kept = tmp_path / "kept"
    program = "import os, sys; open(sys.argv[1], 'w').write(repr(dict(os.environ)))"
    channel(*python(program, str(kept))).send(samples.alert())
    assert "correct horse" not in kept.read_text()
    assert "MASKWATCH_CAMERA" in kept.read_text()


def test_an_exit_code_is_a_failure_with_the_last_words() -> None:
    program = "import sys; print('one\\nno display', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ChannelError, match="exit code 3: no display") as raised:
        channel(*python(program)).send(samples.alert())
    assert not raised.value.permanent


def test_last_words_are_told_as_far_as_they_can_be_read() -> None:
    """One that crashes, or writes UTF-16, says NUL, which PostgreSQL cannot store."""
    said = "no display\n\n".encode("utf-16-le")
    program = f"import os; os.write(2, {said!r}); os._exit(3)"
    with pytest.raises(ChannelError) as raised:
        channel(*python(program)).send(samples.alert())
    assert raised.value.reason == "exit code 3: no display"


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(ChannelError, match=r"no-such-program: No such file"):
        channel("no-such-program").send(samples.alert())


def test_a_program_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    kept = tmp_path / "pids"
    program = 'sleep 600 & echo $$ $! > "$0"; wait'  # a shell is there long before it is ended
    with pytest.raises(ChannelError, match="still running after 3 s"):
        channel("sh", "-c", program, str(kept), timeout_s=3).send(samples.alert())
    pids = [int(pid) for pid in kept.read_text().split()]
    assert wait_until(lambda: not any(is_running(pid) for pid in pids))


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_a_program_that_nobody_can_end_does_not_hold_the_channel_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that runs as another user, such as by sudo, or that hangs in a driver."""
    kept = tmp_path / "pid"

    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("maskwatch.alerts.channels.command.os.killpg", refuse)
    began = time.monotonic()
    with pytest.raises(ChannelError, match="still running after 1 s"):
        channel("sh", "-c", 'echo $$ > "$0"; exec sleep 120', str(kept), timeout_s=1).send(
            samples.alert()
        )
    assert time.monotonic() - began < 100
    assert wait_until(lambda: kept.exists() and kept.read_text().endswith("\n"))
    os.kill(int(kept.read_text()), signal.SIGKILL)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="util-linux is not here")
def test_a_program_does_not_outlive_a_service_that_is_killed(tmp_path: Path) -> None:
    kept = tmp_path / "pid"
    hang = (
        "import os, pathlib, sys, time;"
        "pathlib.Path(sys.argv[1] + '.new').write_text(str(os.getpid()));"
        "os.rename(sys.argv[1] + '.new', sys.argv[1]);"
        "time.sleep(600)"
    )
    service = (
        "import sys\n"
        "from maskwatch.alerts.channels.command import CommandChannel\n"
        "from maskwatch.config.alerts import CommandConfig\n"
        "from tests.alerts import samples\n"
        "CommandChannel(CommandConfig(command=tuple(sys.argv[1:]))).send(samples.alert())\n"
    )
    command = [*python(service), *python(hang, str(kept))]
    with subprocess.Popen(command, cwd=Path(__file__).resolve().parents[3]) as process:
        assert wait_until(kept.exists)
        process.kill()
    pid = int(kept.read_text())
    assert wait_until(lambda: not is_running(pid))


def test_what_a_program_leaves_to_itself_goes_on_when_it_is_done(tmp_path: Path) -> None:
    """Such as what switches a lamp off after a while."""
    off = tmp_path / "off"
    lamp = f"(sleep 1; echo off; echo off >&2; touch '{off}') >/dev/null & exit 0"
    channel("sh", "-c", lamp).send(samples.alert())
    assert not off.exists()
    assert wait_until(off.exists)


def test_a_program_is_done_when_it_has_ended_whatever_it_has_left_to_itself(tmp_path: Path) -> None:
    kept = tmp_path / "pid"
    channel("sh", "-c", f"sleep 600 & echo $! > '{kept}'", timeout_s=3).send(samples.alert())
    pid = int(kept.read_text())
    assert is_running(pid)
    os.kill(pid, signal.SIGKILL)


def test_of_a_program_that_fails_nothing_goes_on_as_it_will_be_started_again(
    tmp_path: Path,
) -> None:
    kept = tmp_path / "pid"
    with pytest.raises(ChannelError, match="exit code 3: no lamp"):
        channel("sh", "-c", f"sleep 600 & echo $! > '{kept}'; echo no lamp >&2; exit 3").send(
            samples.alert()
        )
    assert wait_until(lambda: not is_running(int(kept.read_text())))


def test_a_program_that_reads_nothing_is_fine() -> None:
    channel(*python("pass"), photo=True).send(samples.alert(photo=b"x" * 1_000_000))
