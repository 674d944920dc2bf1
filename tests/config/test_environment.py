from __future__ import annotations

import re
from pathlib import Path

import pytest

from maskwatch.config.environment import OTHER_VARIABLES, unknown_variables
from maskwatch.config.root import Config, parse_config
from maskwatch.errors import ConfigError

CAMERAS = """
cameras:
  Entrance: {url: 'rtsp://h/1'}
  North door-2: {url: 'rtsp://h/2'}
"""


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("MASKWATCH_PRIVACY_PHOTOS", "privacy.photos"),
        ("maskwatch_privacy_photos", "privacy.photos"),
        ("MASKWATCH_STORAGE_FOLDER", "storage.folder"),
        ("MASKWATCH_STORAGE_RETENTION__PHOTOS_DAYS", "storage.retention.photos_days"),
        ("MASKWATCH_PRIVACY_STATISTICS_ONLY", "privacy.statistics_only"),
    ],
)
def test_one_underscore_where_two_are_meant_is_refused_and_said_how_it_goes(
    name: str, key: str
) -> None:
    (problem,) = unknown_variables({name: "x"}, Config)
    assert problem.key == name
    wanted = f"MASKWATCH_{key.upper().replace('.', '__')}"
    assert problem.reason == f"keys have two underscores between them: {wanted} sets {key}"


@pytest.mark.parametrize("name", ["FOO", "STORGE__FOLDER", "STORAGE_FOLDERS", "PORT", "CONFIGURE"])
def test_what_is_no_key_at_all_is_refused(name: str) -> None:
    (problem,) = unknown_variables({f"MASKWATCH_{name}": "8080"}, Config)
    assert problem.reason.startswith("there is no section")


def test_a_configuration_is_refused_because_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASKWATCH_PRIVACY_PHOTOS", "none")
    with pytest.raises(ConfigError, match="MASKWATCH_PRIVACY__PHOTOS sets"):
        parse_config("", "m.yaml")


@pytest.mark.parametrize("value", ["127.0.0.1/32", "hush, secret"])
def test_a_list_that_is_no_json_is_refused_by_the_name_of_its_variable(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKWATCH_WEB__TRUSTED_PROXIES", value)
    with pytest.raises(ConfigError) as refused:
        parse_config("", "m.yaml")
    assert str(refused.value) == (
        'm.yaml: MASKWATCH_WEB__TRUSTED_PROXIES: must be JSON: ["first", "second"] for a list, '
        '{"key": "value"} for a section'
    )


def test_what_kubernetes_says_of_a_service_called_maskwatch_is_no_mistake() -> None:
    """As https://kubernetes.io/docs/concepts/services-networking/service shows it."""
    given = {
        "MASKWATCH_SERVICE_HOST": "10.0.0.11",
        "MASKWATCH_SERVICE_PORT": "8080",
        "MASKWATCH_SERVICE_PORT_HTTP": "8080",
        "MASKWATCH_PORT": "tcp://10.0.0.11:8080",
        "MASKWATCH_PORT_8080_TCP": "tcp://10.0.0.11:8080",
        "MASKWATCH_PORT_8080_TCP_PROTO": "tcp",
        "MASKWATCH_PORT_8080_TCP_PORT": "8080",
        "MASKWATCH_PORT_8080_TCP_ADDR": "10.0.0.11",
        "MASKWATCH_DATABASE_PORT": "tcp://10.0.0.12:5432",
    }
    assert unknown_variables(given, Config) == []


def test_every_variable_that_the_project_itself_uses_is_let_pass(checkout: Path) -> None:
    folders = ["src", "scripts", "deploy", "docs"]
    files = [path for each in folders for path in (checkout / each).rglob("*") if path.is_file()]
    files += [checkout / "tests" / name for name in ("components.py", "shared.py")]
    text = "\n".join(path.read_text(errors="ignore") for path in files)
    mistakes = {"MASKWATCH_PORT", "MASKWATCH_PRIVACY_PHOTOS"}  # shown as such
    used = set(re.findall(r"MASKWATCH_[A-Z][A-Z_]*[A-Z]\b", text)) - mistakes
    assert used > OTHER_VARIABLES
    assert unknown_variables(dict.fromkeys(used, "x"), Config) == []


@pytest.mark.parametrize(
    ("variable", "camera"),
    [("ENTRANCE", "Entrance"), ("NORTH_DOOR_2", "North door-2"), ("North door-2", "North door-2")],
)
def test_a_camera_is_reached_whatever_its_name_looks_like(
    variable: str, camera: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MASKWATCH_CAMERAS__{variable}__MAX_FPS", "4")
    cameras = parse_config(CAMERAS, "m.yaml").cameras
    assert {name: each.max_fps for name, each in cameras.items() if each.max_fps != 8} == {
        camera: 4
    }
    assert len(cameras) == 2


def test_a_name_that_may_mean_two_cameras_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASKWATCH_CAMERAS__ENTRANCE__MAX_FPS", "4")
    with pytest.raises(ConfigError, match="this may mean 'Entrance' or 'entrance'"):
        parse_config(f"{CAMERAS}  entrance: {{url: 'rtsp://h/3'}}\n", "m.yaml")


def test_a_camera_may_be_of_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASKWATCH_CAMERAS__YARD__URL", "rtsp://h/4")
    monkeypatch.setenv("MASKWATCH_CAMERAS__YARD__TURN", "90")
    assert sorted(parse_config(CAMERAS, "m.yaml").cameras) == ["Entrance", "North door-2", "yard"]
