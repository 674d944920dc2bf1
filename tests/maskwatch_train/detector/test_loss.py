import pytest

torch = pytest.importorskip("torch")

from maskwatch.faces.yunet import grid  # noqa: E402
from maskwatch_train.detector.loss import Target, assign, decode_boxes, detection_loss  # noqa: E402
from maskwatch_train.detector.network import Predictions  # noqa: E402

POINTS, STRIDES = (torch.from_numpy(part) for part in grid(64, 64))
POSITIONS = len(POINTS)


def predictions(**changes: torch.Tensor) -> Predictions:
    values = {
        "cls": torch.zeros(1, POSITIONS),
        "obj": torch.zeros(1, POSITIONS),
        "bbox": torch.zeros(1, POSITIONS, 4),
        "kps": torch.zeros(1, POSITIONS, 10),
    }
    return Predictions(**{**values, **changes})


def target(boxes: list[list[float]], ignored: list[list[float]] | None = None) -> Target:
    return Target(
        torch.tensor(boxes).reshape(-1, 4),
        torch.zeros(len(boxes), 5, 2),
        torch.zeros(len(boxes), dtype=torch.bool),
        torch.tensor(ignored or []).reshape(-1, 4),
    )


def test_a_position_whose_box_fits_answers_for_the_face() -> None:
    truth = torch.tensor([[16.0, 16.0, 32.0, 32.0]])
    bbox = torch.full((1, POSITIONS, 4), -3.0)
    fitting = int(((POINTS == 24).all(1) & (STRIDES[:, 0] == 8)).nonzero()[0])
    bbox[0, fitting] = torch.tensor([0.0, 0.0, 2.0, 2.0]).log().nan_to_num(neginf=0.0)
    boxes = decode_boxes(bbox, POINTS, STRIDES)[0]
    rows, faces, iou = assign(
        torch.zeros(POSITIONS), torch.zeros(POSITIONS), boxes, POINTS, STRIDES, truth
    )
    assert rows.tolist() == [fitting]
    assert faces.tolist() == [0]
    assert iou.tolist() == pytest.approx([1.0])


def test_every_face_is_answered_for_and_no_position_twice() -> None:
    truth = torch.tensor([[2.0, 4.0, 30.0, 36.0], [22.0, 20.0, 60.0, 60.0]])
    boxes = decode_boxes(torch.zeros(1, POSITIONS, 4), POINTS, STRIDES)[0]
    rows, faces, _ = assign(
        torch.zeros(POSITIONS), torch.zeros(POSITIONS), boxes, POINTS, STRIDES, truth
    )
    assert set(faces.tolist()) == {0, 1}
    assert len(set(rows.tolist())) == len(rows)


def test_a_share_without_faces_is_divided_by_what_the_others_have() -> None:
    alone = detection_loss(predictions(), [target([])], POINTS, STRIDES)
    beside = detection_loss(
        predictions(), [target([])], POINTS, STRIDES, divisor=lambda positives: positives + 20
    )
    assert beside["obj"].item() == pytest.approx(alone["obj"].item() / 20)


def test_a_picture_without_faces_teaches_only_objectness() -> None:
    terms = detection_loss(predictions(), [target([])], POINTS, STRIDES)
    assert terms["bbox"] == terms["cls"] == terms["kps"] == 0
    # Logit 0 everywhere costs log 2 per position.
    assert terms["obj"].item() == pytest.approx(POSITIONS * 0.6931, rel=1e-3)


def test_ignored_regions_are_not_punished() -> None:
    everywhere = [[-1.0, -1.0, 65.0, 65.0]]
    terms = detection_loss(predictions(), [target([], everywhere)], POINTS, STRIDES)
    assert terms["obj"] == 0


def test_unknown_landmarks_teach_nothing() -> None:
    terms = detection_loss(predictions(), [target([[16, 16, 40, 40]])], POINTS, STRIDES)
    assert terms["kps"] == 0
    assert terms["bbox"] > 0


def test_landmarks_are_taught_where_they_are_known() -> None:
    face = target([[16, 16, 40, 40]])
    spots = torch.tensor([[22.0, 24.0], [34.0, 24.0], [28.0, 29.0], [23.0, 34.0], [33.0, 34.0]])
    marked = Target(face.boxes, spots[None], torch.tensor([True]), face.ignored)
    exact = ((spots[None] - POINTS[:, None]) / STRIDES[:, None]).view(1, POSITIONS, 10)
    costs = [
        detection_loss(predictions(kps=kps), [marked], POINTS, STRIDES)["kps"].item()
        for kps in (exact, exact + 0.2, exact + 1.0)
    ]
    assert costs[0] == pytest.approx(0, abs=1e-5)
    assert 0 < 2 * costs[1] < costs[2]
