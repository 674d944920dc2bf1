"""How `maskwatch serve` begins and ends, whatever it watches."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody sends signals there")

LOADING = """
import sys, time
from maskwatch.build import service
from maskwatch.cli.main import run

def load(config):
    print("loading", flush=True)
    while True:
        try:
            time.sleep(0.1)  # a signal just before a sleep is heeded after it
        except BaseException:
            pass  # as compiled modules do with what interrupts their loading

service.load_models = load
sys.argv = ["maskwatch", "serve", "-c", sys.argv[1]]
run()
"""

ANNOUNCING = """
import logging, sys
from maskwatch.build import service
from maskwatch.cli.main import run

class Announcing:
    def __init__(self, config, config_file, announce):
        self._announce = announce

    def run(self):
        self._announce("dashboard: http://127.0.0.1:8080")
        self._announce("first start: make the administrator at http://127.0.0.1:8080/setup/abc")
        logging.getLogger("test").info("watching")

service.build_service = Announcing
sys.argv = ["maskwatch", "serve"]
run()
"""

REFUSING = """
import sys
from maskwatch.build import service
from maskwatch.cli.main import run
from maskwatch.errors import UsageError

def refuse(config, config_file, announce):
    raise UsageError("web: cannot listen")

service.build_service = refuse
sys.argv = ["maskwatch", "serve", *sys.argv[1:]]
run()
"""


@contextmanager
def loading(folder: Path, *before: str) -> Iterator[subprocess.Popen[str]]:
    """The service while it loads its models, which takes for ever."""
    config = folder / "maskwatch.yaml"
    config.write_text(f"storage: {{folder: {folder}/data}}\nweb: {{enabled: false}}\n")
    command = [*before, sys.executable, "-c", LOADING, str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "loading\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_while_models_load(tmp_path: Path, number: signal.Signals) -> None:
    with loading(tmp_path) as process:
        process.send_signal(number)
        assert process.wait(60) == 0


def test_as_process_1_of_a_container_it_ends_while_models_load(tmp_path: Path) -> None:
    namespace = ["unshare", "--pid", "--fork", "--kill-child"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode != 0
    ):
        pytest.skip("this machine allows no namespaces")
    with loading(tmp_path, *namespace) as process:
        [first] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(first), signal.SIGTERM)
        assert process.wait(60) == 0


def test_a_reload_that_comes_too_early_ends_nothing(tmp_path: Path) -> None:
    with loading(tmp_path) as process:
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)


@pytest.mark.parametrize("place", [">/dev/full", "| true", ">&-"])
def test_what_standard_output_does_not_take_is_logged_and_ends_nothing(place: str) -> None:
    if place == ">/dev/full" and not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    shell = ["bash", "-o", "pipefail", "-c", f'"$0" -c "$1" {place}']
    done = subprocess.run(
        [*shell, sys.executable, ANNOUNCING], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "make the administrator at http://127.0.0.1:8080/setup/abc" in done.stderr
    assert "INFO test: watching" in done.stderr


def refused(*arguments: str) -> str:
    """What it says on standard error when it cannot listen."""
    command = [sys.executable, "-c", REFUSING, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    return done.stderr


def test_why_it_ended_is_told_to_programs_as_the_rest_of_the_log(tmp_path: Path) -> None:
    assert refused() == "error: web: cannot listen\n"
    [said] = refused("--log-format", "json").splitlines()
    told = json.loads(said)
    assert (told["level"], told["message"]) == ("error", "web: cannot listen")
    config = tmp_path / "maskwatch.yaml"
    config.write_text("camras: {}\nweb: {prt: 1}\n")
    [said] = refused("--log-format", "json", "-c", str(config)).splitlines()
    assert "camras" in (message := json.loads(said)["message"])
    assert "prt" in message
