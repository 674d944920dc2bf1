from __future__ import annotations

from maskwatch.testing import reading_of
from maskwatch.types import Face, Fault, State
from maskwatch_train.evaluate.outcomes import Judged
from maskwatch_train.evaluate.scoring.both_stages import classifier_markdown
from maskwatch_train.evaluate.scoring.figures import Scoring, figures
from tests.maskwatch_train.evaluate.pictures import case, label


def test_the_tables_tell_what_the_figures_tell() -> None:
    nose, small = (label(0, size, State.INCORRECT, Fault.NOSE_OUT) for size in (40, 20))
    items = [
        Judged(case(nose, "a"), reading_of(Face(nose.box, 1.0), State.MASK)),
        Judged(case(small, "b"), reading_of(Face(small.box, 1.0), State.INCORRECT)),
        Judged(case(nose, "c"), reading_of(Face(nose.box, 1.0), State.INCORRECT, Fault.NOSE_OUT)),
    ]
    text = classifier_markdown(figures(items, Scoring(repeats=100)), "A classifier")
    assert text.startswith("# A classifier\n\nFaces of at least 32 px;")
    assert "| score | all (2) | any size (3) |" in text
    assert "| side_accuracy | 0.500 (0.000 to 1.000) | 0.667 (" in text
    assert "\nOf 0 faces that nobody could tell, 0 are read as `unknown`.\n" in text
    # Wilson's interval of one of two
    assert "| label/nose_out | 2 | 0.500 (0.095 to 0.905) | 0.500 (0.095 to 0.905) |" in text
    row = next(line for line in text.splitlines() if line.startswith("| nose_out |"))
    assert row.startswith("| nose_out | 1 | 1 | 0 | 0 | 0 | 0 | 0 | 1.000 (1.000 to 1.000) | 0.500")


def test_a_classifier_that_names_no_faults_is_told_by_states() -> None:
    bare = label(0, 40, State.NO_MASK)
    items = [Judged(case(bare), reading_of(Face(bare.box, 1.0), State.NO_MASK))]
    text = classifier_markdown(figures(items, Scoring(repeats=0)), "A classifier")
    assert "|  | mask | incorrect | no_mask | unknown | precision | recall | f1 |" in text
    assert "| no_mask | 0 | 0 | 1 | 0 | 1.000 | 1.000 | 1.000 |" in text
