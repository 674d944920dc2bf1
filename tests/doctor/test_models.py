"""Whether the models load, and how fast they are said to be."""

from __future__ import annotations

import re
from pathlib import Path

from maskwatch.doctor.finding import Finding, Grade
from maskwatch.doctor.models import check_models
from tests.doctor.configured import config


def check(text: str, folder: Path) -> Finding:
    given = config(text, folder)
    return check_models(given.inference, given.cameras.values())


def test_the_models_of_the_package_load_and_their_speed_is_measured(tmp_path: Path) -> None:
    found = check("cameras: {a: {url: 0, max_fps: 0.001}}", tmp_path)
    assert found.grade is Grade.OK
    assert "pictures a second" in found.said
    missing = check(f"inference: {{classifier_folder: {tmp_path}}}", tmp_path)
    assert missing.grade is Grade.FAILED


def test_cameras_that_look_for_far_faces_ask_more_of_the_models(tmp_path: Path) -> None:
    camera = "cameras: {a: {url: 0, max_fps: 0.001, small_faces: true}}"
    found = check(camera, tmp_path)
    assert found.grade is Grade.OK
    plain, fine = map(int, re.findall(r"(\d+) (?:pictures|of 1080p)", found.said))
    assert fine < plain
