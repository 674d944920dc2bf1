from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from maskwatch.types import Box, Fault, State
from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.answers import Answer
from maskwatch_train.evaluate.cases import Appearance, Case
from maskwatch_train.evaluate.judging.predictions import read_predictions, write_predictions
from maskwatch_train.evaluate.outcomes import Judged
from tests.maskwatch_train.evaluate.pictures import label


def a_case(picture: str, x: float = 0.0) -> Case:
    face = label(x, 40, State.MASK)
    return Case("made", Path(picture), 0, "g", face, face.box, Appearance(100, 100))


def written(folder: Path, *faces: Any, **head: Any) -> Path:
    path = folder / "theirs.json"
    path.write_text(json.dumps({"format": 1, "name": "theirs", "faces": list(faces)} | head))
    return path


def test_a_prediction_is_found_by_the_end_of_the_path_and_by_its_box(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"picture": "a/1.jpg", "box": [0, 0, 40, 40], "probabilities": {"mask": 1.0}},
        {"picture": "a/1.jpg", "box": [100, 0, 140, 40], "probabilities": {"no_mask": 1.0}},
        {"picture": "b/1.jpg", "state": "incorrect", "fault": "nose_out"},
    )
    predictions = read_predictions(path)
    judged = predictions.judged(
        [
            a_case("/data/a/1.jpg"),
            a_case("/data/a/1.jpg", x=104),
            a_case("/data/a/1.jpg", x=300),
            a_case("/data/b/1.jpg", x=300),
            a_case("/data/c/1.jpg"),
        ]
    )
    states = [item.reading.state for item in judged]
    # nothing is said of the third face, nor of the last picture
    assert states == [
        State.MASK,
        State.NO_MASK,
        State.UNKNOWN,
        State.INCORRECT,
        State.UNKNOWN,
    ]
    assert judged[3].reading.fault is Fault.NOSE_OUT
    assert judged[3].reading.probabilities is None


@pytest.mark.parametrize(
    ("box", "state"),
    [
        ([0, 0, 200, 200], State.NO_MASK),  # that of the label, a portrait's whole picture
        ([80, 50, 120, 90], State.NO_MASK),  # that of the face in it
        ([60, 30, 100, 70], State.UNKNOWN),  # of a face that overlaps it by a seventh
    ],
)
def test_a_box_is_about_the_face_that_is_labelled_or_found_and_about_no_other_near_it(
    tmp_path: Path, box: list[int], state: State
) -> None:
    said = {"picture": "1.jpg", "box": box, "state": "no_mask"}
    portrait = label(0, 200, State.MASK)
    place = Path("/data/1.jpg")
    looked_at = Box(80, 50, 120, 90)
    one = Case("made", place, 0, "g", portrait, looked_at, Appearance(100, 100))
    (judged,) = read_predictions(written(tmp_path, said)).judged([one])
    assert judged.reading.state is state


@pytest.mark.parametrize("surest_first", [True, False])
def test_of_several_entries_about_one_face_the_surest_counts(
    tmp_path: Path, surest_first: bool
) -> None:
    # As of a detector that finds a face once for each class.
    faint = {"picture": "1.jpg", "box": [0, 0, 40, 40], "score": 0.04, "state": "no_mask"}
    sure = {"picture": "1.jpg", "box": [2, 0, 40, 40], "score": 0.9, "state": "mask"}
    entries = (sure, faint) if surest_first else (faint, sure)
    (judged,) = read_predictions(written(tmp_path, *entries)).judged([a_case("/d/1.jpg")])
    assert judged.reading.state is State.MASK


def test_a_surer_entry_about_the_neighbour_is_not_about_a_face(tmp_path: Path) -> None:
    entries = [
        {"picture": "1.jpg", "box": [0, 0, 40, 40], "score": 0.5, "state": "mask"},
        {"picture": "1.jpg", "box": [12, 0, 52, 40], "score": 0.9, "state": "no_mask"},
    ]
    near = [a_case("/d/1.jpg"), a_case("/d/1.jpg", x=12)]
    judged = read_predictions(written(tmp_path, *entries)).judged(near)
    assert [item.reading.state for item in judged] == [State.MASK, State.NO_MASK]


def test_an_entry_without_a_box_is_refused_where_it_may_be_about_several_faces(
    tmp_path: Path,
) -> None:
    boxed = {"picture": "1.jpg", "box": [0, 0, 40, 40], "state": "mask"}
    bare = {"picture": "1.jpg", "state": "no_mask"}
    one, several = [a_case("/d/1.jpg")], [a_case("/d/1.jpg"), a_case("/d/1.jpg", x=100)]
    for entries, cases in (((bare,), several), ((bare, bare), one), ((boxed, bare), one)):
        with pytest.raises(DataError, match=r"/d/1\.jpg, where . faces are labelled: each needs"):
            read_predictions(written(tmp_path, *entries)).judged(cases)
    (judged,) = read_predictions(written(tmp_path, bare)).judged(one)
    assert judged.reading.state is State.NO_MASK


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"box": [0, 0, 9, 9], "score": 0.0}, True),
        ({"box": [0, 0, 9, 9]}, False),
        ({"box": [0, 0, 9, 9], "score": None}, False),
        ({"score": 0.9}, False),
    ],
)
def test_only_boxes_with_a_score_were_found_by_the_program(
    tmp_path: Path, other: dict[str, Any], expected: bool
) -> None:
    first = {"picture": "1.jpg", "box": [0, 0, 40, 40], "score": 0.9, "state": "mask"}
    path = written(tmp_path, first, {"picture": "2.jpg", "state": "mask"} | other)
    assert read_predictions(path).are_detections == expected


def test_a_file_of_a_program_on_windows_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, {"picture": "a\\1.jpg", "state": "mask"})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    judged = read_predictions(path).judged([a_case("/d/a/1.jpg"), a_case("/d/b/1.jpg")])
    assert [item.reading.state for item in judged] == [State.MASK, State.UNKNOWN]


def test_a_state_that_is_given_counts_before_the_probabilities(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"picture": "1.jpg", "state": "unknown", "probabilities": {"mask": 0.6, "no_mask": 0.4}},
    )
    (item,) = read_predictions(path).judged([a_case("x/1.jpg")])
    assert item.reading.state is State.UNKNOWN
    assert item.reading.probabilities == pytest.approx((0.6, 0.0, 0.4))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        {
            "picture": "s/images/1.jpg",
            "state": "incorrect",
            "fault": "under_chin",
            "probabilities": {"mask": 0.1, "incorrect": 0.7, "no_mask": 0.2},
        },
    )
    cases = [a_case("/d/s/images/1.jpg"), a_case("/d/s/images/2.jpg")]
    judged = read_predictions(source).judged(cases)
    write_predictions(tmp_path / "ours.json", "again", judged)
    again = read_predictions(tmp_path / "ours.json")
    assert again.name == "again"
    assert [item.reading for item in again.judged(cases)] == [item.reading for item in judged]
    elsewhere = Path("/elsewhere/s/images/1.jpg")
    (said,) = again.about([elsewhere])[elsewhere]
    assert said.box == Box(0, 0, 40, 40)


def test_of_two_sets_that_name_their_pictures_alike_each_keeps_its_own(tmp_path: Path) -> None:
    cases = [a_case("/d/A/images/train/0.jpg"), a_case("/d/B/images/train/0.jpg")]
    said = [Answer(State.MASK), Answer(State.NO_MASK)]
    judged = [Judged(case, answer) for case, answer in zip(cases, said, strict=True)]
    write_predictions(tmp_path / "ours.json", "ours", judged)
    again = read_predictions(tmp_path / "ours.json").judged(cases)
    assert [item.reading.state for item in again] == [State.MASK, State.NO_MASK]


@pytest.mark.parametrize("name", ["0.jpg", "images/0.jpg"])
def test_a_name_that_fits_several_pictures_is_refused(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, {"picture": name, "state": "mask"})
    cases = [a_case("/d/mask/images/0.jpg"), a_case("/d/no_mask/images/0.jpg")]
    with pytest.raises(
        DataError, match=rf"theirs\.json: .*'{name}' fits 2 .*/mask/.*/no_mask/.*more of its path"
    ):
        read_predictions(path).judged(cases)


def test_a_whole_path_is_known_however_the_data_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stored" / "images").mkdir(parents=True)
    (tmp_path / "stored" / "images" / "1.jpg").touch()
    (tmp_path / "linked").symlink_to("stored")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for name in (tmp_path / "stored/images/1.jpg", tmp_path / "linked/images/1.jpg"):
        path = written(tmp_path, {"picture": str(name), "state": "mask"})
        (item,) = read_predictions(path).judged([a_case("../stored/images/1.jpg")])
        assert item.reading.state is State.MASK
    # as the data was opened, from the working folder of then
    path = written(tmp_path, {"picture": "../stored/images/1.jpg", "state": "mask"})
    (item,) = read_predictions(path).judged(
        [a_case(str(tmp_path / "linked/../stored/images/1.jpg"))]
    )
    assert item.reading.state is State.MASK


def test_predictions_of_other_pictures_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, {"picture": "/x/1.jpg", "state": "mask"})
    with pytest.raises(DataError, match=r"none of its 1 entries is about .* such as /d/s/1\.jpg"):
        read_predictions(path).judged([a_case("/d/s/1.jpg")])


def test_what_fits_nothing_is_counted_on_both_sides(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"picture": "1.jpg", "box": [0, 0, 40, 40], "state": "mask"},
        {"picture": "empty.jpg", "box": [0, 0, 9, 9], "state": "mask"},
        {"picture": "9.jpg", "box": [0, 0, 40, 40], "state": "unknown"},
    )
    cases = [a_case("/d/1.jpg"), a_case("/d/1.jpg", x=200), a_case("/d/2.jpg")]
    # A picture without a labelled face is one of the data, too.
    pictures = [Path("/d/1.jpg"), Path("/d/2.jpg"), Path("/d/empty.jpg")]
    assert read_predictions(path).matches(pictures, cases) == (
        "theirs: 1 of 3 entries are about no picture of the data, "
        "2 of 3 labelled faces have no entry"
    )


@pytest.mark.parametrize(
    ("face", "told"),
    [
        ({"box": [0, 0, 1, 1], "state": "mask"}, "picture"),
        ({"picture": "1.jpg"}, "neither probabilities nor state"),
        ({"picture": "1.jpg", "state": "masked"}, "masked"),
        ({"picture": "1.jpg", "probabilities": {"bare": 1}}, "bare"),
        ({"picture": "1.jpg", "state": "mask", "fault": "nose_out"}, "nose_out"),
        ({"picture": "1.jpg", "state": "mask", "score": 3}, "score 3"),
        ({"picture": "1.jpg", "state": "mask", "box": [1, 2]}, "missing"),
        ({"picture": "1.jpg", "state": "mask", "box": []}, "missing"),
        # left, top, width, height
        ({"picture": "1.jpg", "state": "mask", "box": [90, 20, 40, 40]}, "expected left, top"),
        ({"picture": "1.jpg", "state": "mask", "box": [0, 0, 1, float("nan")]}, "expected left"),
        ({"picture": "1.jpg", "probabilities": {"mask": 97, "no_mask": 3}}, "sum to 100"),
        ({"picture": "", "state": "mask"}, "names no file"),
        ("1.jpg", "'1.jpg' is not an object"),
        (["1.jpg"], "is not an object"),
    ],
)
def test_an_entry_that_makes_no_sense_is_named(tmp_path: Path, face: Any, told: str) -> None:
    path = written(tmp_path, {"picture": "0.jpg", "state": "mask"}, face)
    with pytest.raises(DataError, match=f"entry 1 of faces.*{told}"):
        read_predictions(path)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="format 2"):
        read_predictions(written(tmp_path, format=2))
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(DataError, match="not a file of predictions"):
        read_predictions(tmp_path / "list.json")
    with pytest.raises(DataError, match="No such file"):
        read_predictions(tmp_path / "none.json")


def test_writing_keeps_no_half_file(tmp_path: Path) -> None:
    case = a_case("/d/s/images/1.jpg")
    source = written(tmp_path, {"picture": "1.jpg", "state": "mask"})
    judged: tuple[Judged, ...] = read_predictions(source).judged([case])
    write_predictions(tmp_path / "new" / "p.json", "x", judged)
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["p.json"]
