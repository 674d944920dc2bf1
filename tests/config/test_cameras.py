from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from maskwatch.config.cameras import CameraConfig, camera_of
from maskwatch.config.root import parse_config
from maskwatch.errors import ConfigError
from maskwatch.events.schedule import Exemption
from maskwatch.runtime.monitoring.camera.rules import input_of, rules_of
from maskwatch.tracks.tracker import TrackerSettings

DOOR = """
cameras:
  Main door:
    url: rtsp://viewer:s3cret@10.0.0.5/stream
    rule: {coverage_below: 70, hold_s: 2}
    schedule:
      hours: [{days: [mon, tue], start: "07:00", end: "19:00"}]
      holidays: [2026-12-25]
    zones:
      - {name: door, polygon: [[0, 0], [1, 0], [1, 1]], coverage_below: 90}
      - {name: mirror, use: exclude, polygon: [[0, 0], [0.2, 0], [0.2, 1]]}
    exemptions:
      - {reason: fire drill, zones: [door], until: 2026-03-01}
  webcam: {url: 0}
"""


def camera(text: str = DOOR, name: str = "Main door") -> CameraConfig:
    return parse_config(text, "test.yaml").cameras[name]


def test_a_camera_becomes_rules() -> None:
    rules = rules_of(camera())
    assert rules.rule.coverage_below == 70
    assert rules.rule_of("door").coverage_below == 90
    assert rules.rule_of("door").hold_s == 2
    assert rules.rule_of(None) == rules.rule
    assert [(zone.name, zone.excluded) for zone in rules.zones.zones] == [
        ("door", False),
        ("mirror", True),
    ]
    assert rules.required(None, datetime(2026, 3, 3, 7, 0))  # noqa: DTZ001 - local
    assert not rules.required(None, datetime(2026, 3, 4, 7, 0))  # noqa: DTZ001
    assert rules.schedule.holidays == {date(2026, 12, 25)}


def exempt(since: str | None, until: str | None) -> dict[str, object]:
    """A camera with an exemption."""
    return {"url": "0", "exemptions": [{"reason": "x", "since": since, "until": until}]}


def test_the_last_day_of_an_exemption_is_included() -> None:
    (exemption,) = rules_of(camera()).exemptions
    assert isinstance(exemption, Exemption)
    assert exemption.covers("door", datetime(2026, 3, 1, 23, 59))  # noqa: DTZ001
    assert not exemption.covers("door", datetime(2026, 3, 2, 0, 0))  # noqa: DTZ001


def test_a_day_as_text_is_a_day_too() -> None:
    section = {"url": "0", "exemptions": [{"reason": "x", "until": "2026-03-01"}]}
    (exemption,) = CameraConfig.model_validate(section).exemptions
    assert exemption.until == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T09:00", "2026-03-01"),
        ("2026-03-01", "2026-03-01T00:01"),
        ("2026-03-01T09:00", "2026-03-01T11:00"),
    ],
)
def test_an_exemption_may_be_a_day_or_a_part_of_it(since: str, until: str) -> None:
    section = CameraConfig.model_validate(exempt(since, until))
    assert len(rules_of(section).exemptions) == 1


def test_the_password_is_in_what_ffmpeg_gets_and_in_nothing_that_is_shown() -> None:
    section = camera()
    source = input_of(section, "Main door")
    assert source.url == "rtsp://viewer:s3cret@10.0.0.5/stream"
    assert source.name == "Main door"
    assert section.address == "rtsp://viewer:***@10.0.0.5/stream"
    assert "s3cret" not in f"{section!r} {section} {source!r} {section.model_dump_json()}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtmp://h/live/${env:S}", "rtmp://h/live/***"),
        ("http://h/snap.jpg?user=admin&w=${env:S}", "http://h/snap.jpg?user=admin&w=***"),
        ("rtsp://viewer:${env:S}@h/${env:S}/1", "rtsp://viewer:***@h/***/1"),
        ("rtsp://viewer:own@h/$${env:S}", "rtsp://viewer:***@h/${env:S}"),
        ("${env:ALL}", "***"),
        ("${env:SCHEME}://viewer:own@h/1", "***"),
        ("rtmp://h/live/own", "rtmp://h/live/own"),
    ],
)
def test_what_is_put_into_an_address_is_not_shown_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch, url: str, shown: str
) -> None:
    monkeypatch.setenv("S", "own/2024")
    monkeypatch.setenv("ALL", "rtsp://viewer:own@h/1")
    monkeypatch.setenv("SCHEME", "rtsp")
    config = parse_config(f"cameras: {{door: {{url: '{url}'}}}}", "m.yaml")
    assert config.cameras["door"].address == shown


def test_a_webcam_is_given_by_its_number() -> None:
    assert camera(name="webcam").address == "0"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"url": "door.mp4"}, "must be a webcam's number, /dev/..., or an address of rtsp"),
        ({"url": "ftp://h/x"}, "must be a webcam's number"),
        ({"url": "rtsp://admin:p#ss@h/1"}, "special characters .* must be written as %23 for #"),
        ({}, "Field required"),
        ({"url": "0", "max_fps": 0}, "greater than 0"),
        ({"url": "0", "turn": 45}, "0, 90, 180 or 270"),
        ({"url": "0", "fps": 5}, "Extra inputs"),
        ({"url": "0", "zones": [{"name": "a", "polygon": [[0, 0], [1, 1]]}]}, "at least 3"),
        ({"url": "0", "zones": [{"name": "a", "polygon": [[0, 0], [1, 1], [0, 2]]}]}, "to 1"),
        (
            {"url": "0", "zones": [{"name": "a", "polygon": [[0, 0], [1, 1], [0, 1]]}] * 2},
            "two zones are called 'a'",
        ),
        ({"url": "0", "exemptions": [{"reason": "x", "zones": ["b"]}]}, "no include zone"),
        ({"url": "0", "schedule": {"hours": [{"start": "25:00"}]}}, "time"),
        ({"url": "0", "schedule": {"hours": [{"start": "07:00+01:00"}]}}, "local time"),
        ({"url": "0", "schedule": {"hours": [{"days": ["monday"]}]}}, "mon"),
        (exempt("2026-03-02", "2026-03-01"), "until must be after since"),
        (exempt("2026-03-02T11:00", "2026-03-02T11:00"), "until must be after since"),
        (exempt("2026-03-02T00:00", "2026-03-01"), "until must be after since"),
        (exempt("2026-03-02T09:00+01:00", None), "local time"),
        (exempt(None, "9999-12-31"), "left out, it means for good"),
        ({"url": "0", "rule": {"hold_s": 1e12}}, "less than or equal to 315360000"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    section: dict[str, object], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        CameraConfig.model_validate(section)


def test_no_score_may_be_asked_for_under_which_the_detector_tells_of_no_face() -> None:
    least = TrackerSettings().floor_score
    assert CameraConfig.model_validate({"url": "0", "min_score": least}).min_score == least
    with pytest.raises(ValidationError, match=f"greater than or equal to {least}"):
        CameraConfig.model_validate({"url": "0", "min_score": least - 0.01})


def test_an_error_names_the_key_and_hides_the_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config("cameras: {door: {url: 'nosuch://viewer:s3cret@h/1', max_fps: 900}}", "a.yaml")
    text = str(caught.value)
    assert "cameras.door.url" in text
    assert "cameras.door.max_fps = 900" in text
    assert "s3cret" not in text


def test_a_refused_password_is_shown_in_no_part() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config("cameras: {door: {url: 'rtsp://viewer:s3@cret/top@10.0.0.5/1'}}", "a.yaml")
    text = str(caught.value)
    assert "cameras.door.url" in text
    assert not any(part in text for part in ("s3", "cret", "top"))


def test_a_camera_from_elsewhere_is_checked_as_one_of_the_file_is() -> None:
    assert camera_of({"url": "rtsp://10.0.0.5/stream", "max_fps": 5}).max_fps == 5
    with pytest.raises(ConfigError) as caught:
        camera_of({"url": "rtsp://viewer:s3@cret/top@10.0.0.5/1", "max_fps": 900})
    assert [problem.key for problem in caught.value.problems] == ["url", "max_fps"]
    assert not any(part in str(caught.value) for part in ("s3", "cret", "top"))


def test_what_is_no_address_leaves_the_reason_readable() -> None:
    with pytest.raises(ConfigError, match="must be a webcam's number"):
        camera_of({"url": "a"})


@pytest.mark.parametrize("given", ["coverage_below: 70", "coverage_below: 90"])
def test_a_share_of_one_where_percent_are_meant_is_refused_with_what_was_meant(given: str) -> None:
    with pytest.raises(ConfigError, match="must be in percent: did you mean 80") as caught:
        parse_config(DOOR.replace(given, "coverage_below: 0.8"), "test.yaml")
    assert "coverage_below = 0.8" in str(caught.value)


@pytest.mark.parametrize("percent", [0, 1, 100])
def test_from_no_coverage_to_all_of_it_may_be_asked_for(percent: int) -> None:
    text = DOOR.replace("coverage_below: 70", f"coverage_below: {percent}")
    assert camera(text).rule.coverage_below == percent
