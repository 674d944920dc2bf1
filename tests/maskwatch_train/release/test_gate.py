from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from maskwatch.faces.yunet import YuNetDetector
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch.testing import FixedDetector, reading_of
from maskwatch.types import Box, Face, State
from maskwatch_train.data.manifest import Manifest, ManifestRow, write_manifest
from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.judging.subjects import open_subject
from maskwatch_train.evaluate.outcomes import Judged
from maskwatch_train.release.gate import (
    Check,
    Floor,
    GateSet,
    check_set,
    found_scores,
    read_gate,
    run_gate,
)
from tests.maskwatch_train.evaluate.pictures import case, label, labelled_image
from tests.shared import shared

ROOT = Path(__file__).resolve().parents[3]

SETS = """
format: 1
sets:
  - name: made
    data: pictures
    split: test
    floors: %s
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "gate.yaml"
    path.write_text(text)
    return path


def judged(state: State, read: State, kind: str = "") -> Judged:
    face = label(0, 40, state, kind=kind)
    return Judged(case(face), reading_of(Face(face.box, 1.0), read))


ITEMS = [
    *[judged(State.MASK, State.MASK) for _ in range(9)],
    judged(State.MASK, State.UNKNOWN),
    judged(State.NO_MASK, State.MASK, kind="hand"),
    *[judged(State.NO_MASK, State.NO_MASK) for _ in range(9)],
]


@pytest.mark.parametrize(
    ("where", "score", "bound", "passes"),
    [
        ("overall", "side_accuracy", 0.9, True),  # 18 of 20
        ("overall", "side_accuracy", 0.91, False),
        ("overall", "unknown_rate", 0.05, True),  # an upper limit
        ("overall", "unknown_rate", 0.04, False),
        ("hard/hand", "called_mask", 0.99, False),
        ("label/mask", "side_accuracy", 0.9, True),
        # no face of it: what is not tested does not hold
        ("hard/scarf", "called_mask", 1.0, False),
        # nor does a score that the slice cannot have
        ("label/mask", "called_mask", 1.0, False),
        ("overall", "nose_chin_macro_f1", 0.0, False),
    ],
)
def test_a_floor_holds_or_not(where: str, score: str, bound: float, passes: bool) -> None:
    one = GateSet("made", Path(), "test", False, (Floor(where, score, bound),))
    (check,) = check_set(one, ITEMS, 32)
    assert check.passed is passes


def test_faces_under_the_limit_of_size_count_in_no_floor_but_those_of_size() -> None:
    face = label(0, 20, State.MASK)
    small = Judged(case(face), reading_of(Face(face.box, 1.0), State.NO_MASK))
    wanted = [("overall", "side_accuracy"), ("label/mask", "side_accuracy")]
    wanted.append(("size/16-24", "side_accuracy"))
    one = GateSet("made", Path(), "test", False, tuple(Floor(*each, 0.9) for each in wanted))
    checks = check_set(one, [*ITEMS, *[small] * 30], 32)
    assert [(check.faces, check.passed) for check in checks] == [
        (20, True),
        (10, True),
        (30, False),
    ]


def test_floors_of_what_is_found_are_about_the_detector(tmp_path: Path) -> None:
    faces = [label(0, 20, State.MASK), label(50, 40, State.MASK), label(150, 40, State.NO_MASK)]
    unclear = label(300, 40, State.UNKNOWN)
    images = [
        labelled_image(tmp_path, "a", *faces, unclear),
        labelled_image(tmp_path, "b"),
    ]
    detector = FixedDetector([Face(Box(x, 0, x + 40, 40), 0.9) for x in (50, 300)])
    scores = found_scores(images, detector, 32)
    assert scores == {
        # Nobody could tell of one of the four, which is neither found nor a stray.
        "found/all": {"faces": 2, "recall": {"value": 0.5}, "unmatched": {"value": 1.0}},
        "found/16-24": {"faces": 1, "recall": {"value": 0.0}},
        "found/32-64": {"faces": 2, "recall": {"value": 0.5}},
    }
    floors = (
        ("found/all", "recall", 0.5, True),
        ("found/all", "recall", 0.6, False),
        ("found/all", "unmatched", 1.0, True),
        ("found/all", "unmatched", 0.9, False),
        ("found/16-24", "recall", 0.1, False),
        ("found/>=128", "recall", 0.0, False),  # nothing was tested
    )
    one = GateSet("made", Path(), "test", False, tuple(Floor(*floor[:3]) for floor in floors))
    checks = check_set(one, ITEMS, 32, scores)
    assert [check.passed for check in checks] == [floor[3] for floor in floors]
    assert found_scores([], detector, 32) == {}


def test_a_detector_that_finds_nobody_fails_the_gate() -> None:
    gate = read_gate(ROOT / "gate.yaml")
    drawn = tuple(one for one in gate.sets if not one.optional)
    checks = run_gate(
        replace(gate, sets=drawn), open_subject(DEFAULT_CLASSIFIER), FixedDetector([])
    )
    assert {check.floor.where for check in checks if not check.passed} == {"found/all"}


def test_a_gate_is_read(tmp_path: Path) -> None:
    text = SETS % '{overall: {accuracy: 0.9}, "hard/hand": {called_mask: 0}}'
    gate = read_gate(written(tmp_path, text))
    assert gate.min_face_px == 32
    (one,) = gate.sets
    assert (one.data, one.optional) == (tmp_path / "pictures", False)
    assert [str(floor) for floor in one.floors] == ["accuracy >= 0.9", "called_mask <= 0"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sets: []", "expected format: 1"),
        ("format: 1\nset: []", "unknown key 'set'"),
        ("format: 1", "sets"),
        (SETS % "{}", "no floors"),
        (SETS % "{overall: {acuracy: 0.9}}", "unknown score 'acuracy'"),
        (SETS % "{overall: {accuracy: 90}}", "90 is no share"),
        (SETS % "{overall: {called_mask: true}}", "True is no share"),
        (SETS % "{found/all: {recall: 2}}", "2 is no share"),
        (SETS % "{found/all: {unmatched: -1}}", "-1 is no number from 0"),
        (SETS % "{found/all: {accuracy: 0.9}}", "unknown score 'accuracy'"),
        (SETS % "{label/mask: {recall: 0.9}}", "unknown score 'recall'"),
        (SETS % "{hard/hand: {state_ece: 0.1}}", "unknown score 'state_ece'"),
        (SETS % "{hard/hands: {called_mask: 0}}", "no slice is called 'hard/hands'; .* hard/hand,"),
        (SETS % "[1]", "makes no sense"),
        ("format: 1\nsets: [", "not YAML"),
    ],
)
def test_a_gate_that_makes_no_sense_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_gate(written(tmp_path, text))


def test_a_gate_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not YAML"):
        read_gate(tmp_path / "gate.yaml")


def test_a_floor_of_a_source_is_about_the_set_itself(tmp_path: Path) -> None:
    labelled_image(tmp_path, "a", label(0, 40, State.MASK))
    box = Box(0, 0, 40, 40)
    row = ManifestRow("own", "a.png", "a", box, State.MASK, None, "a", "test", "own pictures")
    write_manifest(tmp_path / "pictures", Manifest((row,), {"own": tmp_path}))

    def checks(source: str) -> list[Check]:
        text = SETS % f"{{source/{source}: {{unknown_rate: 1}}}}"
        gate = read_gate(written(tmp_path, text))
        return run_gate(gate, open_subject(DEFAULT_CLASSIFIER), FixedDetector([]))

    assert [check.passed for check in checks("pictures")] == [True]
    with pytest.raises(DataError, match=r"'source/picture', but one 'source/pictures'"):
        checks("picture")


def test_an_optional_set_that_is_not_here_is_left_out_and_said(tmp_path: Path) -> None:
    text = (
        SETS.replace("split: test", "split: test\n    optional: true") % "{overall: {accuracy: 1}}"
    )
    gate = read_gate(written(tmp_path, text))
    subject = open_subject(DEFAULT_CLASSIFIER)
    told: list[str] = []
    assert run_gate(gate, subject, FixedDetector([]), progress=told.append) == []
    assert "left out" in told[0]
    with pytest.raises(DataError):
        run_gate(gate, subject, FixedDetector([]), require_all=True)


def test_the_shipped_models_pass_the_gate_on_the_drawn_pictures() -> None:
    gate = read_gate(ROOT / "gate.yaml")
    drawn = [one for one in gate.sets if not one.optional]
    assert [one.name for one in drawn] == ["drawn"]
    detector = YuNetDetector.from_folder(DEFAULT_DETECTOR)
    subject = open_subject(DEFAULT_CLASSIFIER)
    # The pictures that every machine has.
    checks = run_gate(
        type(gate)(gate.min_face_px, tuple(drawn)), subject, detector, require_all=True
    )
    assert len(checks) >= 8
    assert [check.as_json() for check in checks if not check.passed] == []


def test_the_shipped_models_pass_the_whole_gate() -> None:
    gate = read_gate(ROOT / "gate.yaml")
    # Where the shared material lies on this machine, which need not be beside the checkout.
    sets = tuple(
        replace(one, data=shared(f"data/{one.name}")) if one.optional else one for one in gate.sets
    )
    detector = YuNetDetector.from_folder(DEFAULT_DETECTOR)
    subject = open_subject(DEFAULT_CLASSIFIER)
    checks = run_gate(replace(gate, sets=sets), subject, detector, require_all=True)
    assert [check.as_json() for check in checks if not check.passed] == []
    assert {check.set for check in checks} == {"drawn", "street", "bala"}
