from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maskwatch.cli.main import app, exit_code_of
from maskwatch.errors import ConfigError

RUNNER = CliRunner()


def test_the_example_is_a_right_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = RUNNER.invoke(app, ["config", "example"])
    assert printed.exit_code == 0
    secret = tmp_path / "mail_password"
    secret.write_text("x")
    file = tmp_path / "maskwatch.yaml"
    file.write_text(printed.stdout.replace("/run/secrets/mail_password", str(secret)))
    monkeypatch.setenv("ENTRANCE_PASSWORD", "a")
    monkeypatch.setenv("MQTT_PASSWORD", "b")
    checked = RUNNER.invoke(app, ["config", "check", str(file)])
    assert checked.exit_code == 0, checked.exception
    assert "ok; cameras: entrance" in checked.stdout


def test_check_refuses_a_wrong_one_with_the_code_of_usage(tmp_path: Path) -> None:
    file = tmp_path / "maskwatch.yaml"
    file.write_text("privacy: {photos: some}\n")
    checked = RUNNER.invoke(app, ["config", "check", str(file)])
    assert isinstance(checked.exception, ConfigError)
    assert exit_code_of(checked.exception) == 2
    assert "privacy.photos = some" in str(checked.exception)


def test_schema_prints_json() -> None:
    printed = RUNNER.invoke(app, ["config", "schema"])
    assert json.loads(printed.stdout)["title"] == "Config"
