from __future__ import annotations

from pathlib import Path

import pytest

from maskwatch.testing import ScriptedClassifier, reading_of
from maskwatch.types import Face, Frame, MaskReading, State, StateProbabilities
from maskwatch_train.evaluate.answers import NOTHING_SAID, Answer
from maskwatch_train.evaluate.cases import cases_of_images
from maskwatch_train.evaluate.outcomes import forced_state, judge
from tests.maskwatch_train.evaluate.pictures import label, labelled_image


@pytest.mark.parametrize(
    ("answer", "forced"),
    [
        (Answer(State.MASK, None, StateProbabilities(0.4, 0.1, 0.5)), State.MASK),  # was said
        (Answer(State.UNKNOWN, None, StateProbabilities(0.4, 0.1, 0.5)), State.NO_MASK),
        (Answer(State.NO_MASK), State.NO_MASK),
        (NOTHING_SAID, State.UNKNOWN),
    ],
)
def test_only_unknown_is_replaced_by_the_likeliest_state(answer: Answer, forced: State) -> None:
    assert forced_state(answer) is forced


def test_labelled_boxes_are_judged_in_their_picture(tmp_path: Path) -> None:
    mask, unreadable = label(0, 40, State.MASK), label(0, 40, State.UNKNOWN)
    dark = labelled_image(tmp_path, "a", mask, label(100, 60, State.NO_MASK), grey=10)
    bright = labelled_image(tmp_path, "b", unreadable, group="c", grey=250)

    def by_light(frame: Frame, face: Face) -> MaskReading:
        return reading_of(face, State.MASK if frame.image.mean() > 100 else State.NO_MASK)

    items = judge(ScriptedClassifier(by_light), cases_of_images([dark, bright], "made"))
    assert [item.group for item in items] == ["made/a", "made/a", "made/c"]
    assert [item.face for item in items] == [*dark.faces, *bright.faces]
    assert [item.case.box for item in items] == [item.face.box for item in items]
    assert [item.reading.state for item in items] == [State.NO_MASK, State.NO_MASK, State.MASK]
    assert [item.case.appearance.brightness for item in items] == [10, 10, 250]
    assert [item.case.appearance.sharpness for item in items] == [0, 0, 0]
