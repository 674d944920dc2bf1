"""The files in deploy/ do what they say, as far as that can be seen without the machines."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from maskwatch.runtime.monitoring.systemd import _PATIENCE_S

MOST_EXPOSED = 25
"""Of 100, as `systemd-analyze security` counts; 0 would be a service that can do nothing."""


def unit(checkout: Path, folder: Path) -> Path:
    """The unit with a program that is there: the one that it names is not."""
    text = (checkout / "deploy" / "maskwatch.service").read_text()
    path = folder / "maskwatch.service"
    path.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={shutil.which('true')}", text))
    return path


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd is not installed")
    return found


def test_systemd_understands_every_line_of_the_unit(
    checkout: Path, tmp_path: Path, analyze: str
) -> None:
    command = [analyze, "verify", "--man=no", str(unit(checkout, tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "Failed to initialize manager" in done.stderr:
        pytest.skip("systemd cannot look at units here")
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_the_unit_leaves_the_service_little_to_do_harm_with(
    checkout: Path, tmp_path: Path, analyze: str
) -> None:
    command = [analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager"]
    done = subprocess.run(
        [*command, str(unit(checkout, tmp_path))], capture_output=True, text=True, check=False
    )
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd is too old for it")
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


def test_the_unit_closes_no_devices(checkout: Path) -> None:
    """Webcams are some, and so are what makes the sounds and lights of a channel `command`."""
    text = (checkout / "deploy" / "maskwatch.service").read_text()
    # ProtectClock allows the clock to be read, which closes all others up to systemd 252:
    # https://github.com/systemd/systemd/issues/18142
    closing = ("ProtectClock", "PrivateDevices", "DeviceAllow", "DevicePolicy")
    assert [line for line in text.splitlines() if line.startswith(closing)] == []


def test_the_service_asks_for_as_much_time_as_the_unit_gives_it_at_the_start(
    checkout: Path,
) -> None:
    text = (checkout / "deploy" / "maskwatch.service").read_text()
    assert f"TimeoutStartSec={_PATIENCE_S}" in text.splitlines()


# --- the container


def instructions(checkout: Path) -> dict[str, list[str]]:
    """The Dockerfile's last stage: by instruction, what stands behind it."""
    text = (checkout / "deploy" / "Dockerfile").read_text().replace("\\\n", "")
    found: dict[str, list[str]] = {}
    for line in text.rpartition("\nFROM ")[2].splitlines()[1:]:
        name, _, rest = line.strip().partition(" ")
        if name and name != "#":
            found.setdefault(name, []).append(rest.strip())
    return found


def test_the_container_runs_read_only_and_without_root(checkout: Path, tmp_path: Path) -> None:
    """Docker's part is played by namespaces; the image's environment and commands are its own."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs Linux and root, as Docker does")
    namespaces = ["unshare", "--mount", "--pid", "--net", "--ipc", "--fork"]
    if subprocess.run([*namespaces, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine allows no namespaces")
    given = instructions(checkout)
    assert given["USER"] == ["10001:10001"]
    assert json.loads(given["ENTRYPOINT"][0]) == ["maskwatch"]
    assert json.loads(given["CMD"][0]) == ["serve", "--log-format", "json"]
    environment = [each for each in shlex.split(given["ENV"][0]) if not each.startswith("PATH=")]
    environment += [f"PYTHONPATH={checkout / 'src'}", "PATH=/usr/bin:/bin"]
    environment += ["MASKWATCH_WEB__PORT=9000"]  # as by docker run -e: the last one counts
    healthcheck = json.loads(re.findall(r"\[.*\]", given["HEALTHCHECK"][0])[0])
    assert healthcheck[:2] == ["python", "-c"]
    root = tmp_path / "root"
    root.mkdir()
    needed = dict.fromkeys([sys.prefix, sys.base_prefix, str(checkout / "src")])
    done = subprocess.run(
        [
            *namespaces,
            *("sh", str(checkout / "tests" / "container.sh"), str(root), healthcheck[2]),
            *(*environment, "--", *needed),
        ],
        env={"PATH": os.environ["PATH"], "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = done.stdout.split("\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert said[0] == "user 10001"
    assert said[1].split() == ["CapEff:", "0" * 16]
    assert "maskwatch.db" in said
    assert said[-3:] == ["stopped", "0", ""]
    assert "writable" not in done.stdout
