import json

import pytest

from maskwatch.errors import OutputError, SourceError, UnreadableImage
from maskwatch.outputs.summary import RunSummary, SourceSummary, Tally, summary_as_json
from maskwatch.types import Episode, Fault, State

MASK = (State.MASK, None)
NOSE_OUT = (State.INCORRECT, Fault.NOSE_OUT)
NO_MASK = (State.NO_MASK, None)
UNKNOWN = (State.UNKNOWN, None)


def test_a_tally_counts_people_by_state_and_fault() -> None:
    tally = Tally.of([MASK, NOSE_OUT, NOSE_OUT, NO_MASK, UNKNOWN])
    assert tally.people == 5
    assert [tally.in_state(state) for state in State] == [1, 2, 1, 1]
    assert tally.with_fault(Fault.NOSE_OUT) == 2
    assert tally.violations == 3


def test_compliance_leaves_the_unknown_out_of_the_denominator() -> None:
    compliance = Tally.of([MASK, MASK, MASK, NO_MASK, UNKNOWN, UNKNOWN]).compliance
    assert (compliance.masked, compliance.judged, compliance.share) == (3, 4, 0.75)
    # Wilson for 3 of 4, as in R: prop.test(3, 4, correct = FALSE)
    interval = (compliance.low, compliance.high)
    assert interval == pytest.approx((0.3006418, 0.9544127), abs=1e-6)


@pytest.mark.parametrize("conditions", [[], [UNKNOWN]])
def test_without_anybody_to_judge_there_is_no_share(conditions: list) -> None:
    compliance = Tally.of(conditions).compliance
    assert (compliance.judged, compliance.share, compliance.low) == (0, None, None)


def test_tallies_add_up() -> None:
    both = Tally.of([MASK, NO_MASK]) + Tally.of([MASK, UNKNOWN])
    assert both == Tally.of([MASK, MASK, NO_MASK, UNKNOWN])


EPISODE = Episode("clip.mp4", 1, State.INCORRECT, Fault.UNDER_CHIN, 1.0, 2.5, 30)
SUMMARY = RunSummary(
    (
        SourceSummary("a.jpg", "image", 1, 2, Tally.of([MASK, UNKNOWN])),
        SourceSummary(
            "clip.mp4",
            "video",
            90,
            90,
            Tally.of([(State.INCORRECT, Fault.UNDER_CHIN)]),
            (EPISODE,),
            SourceError("clip.mp4", "cut off after 90 frames"),
        ),
    ),
    (UnreadableImage("b.jpg", "empty file (0 bytes)"),),
    (OutputError("out/a.jpg", "no space left on the device"),),
    not_reached=("c.mp4",),
)


def test_a_summary_in_json_tells_everything() -> None:
    data = json.loads(json.dumps(summary_as_json(SUMMARY), allow_nan=False))
    assert data["total"] == {
        "people": 3,
        "states": {"mask": 1, "incorrect": 1, "no_mask": 0, "unknown": 1},
        "faults": {"nose_out": 0, "under_chin": 1, "chin_out": 0, "other": 0},
        "compliance": {
            "masked": 1,
            "judged": 2,
            "share": 0.5,
            "low": 0.0945,
            "high": 0.9055,
            "confidence": 0.95,
        },
    }
    assert data["advice"] == [
        {
            "state": "incorrect",
            "fault": "under_chin",
            "people": 1,
            "advice": "pull the mask up over your mouth and nose",
        }
    ]
    assert data["errors"] == [
        {"source": "b.jpg", "reason": "empty file (0 bytes)"},
        {"source": "clip.mp4", "reason": "cut off after 90 frames"},
    ]
    assert data["output_errors"] == [{"path": "out/a.jpg", "reason": "no space left on the device"}]
    assert [source["people"] for source in data["sources"]] == [2, 1]
    assert data["sources"][1]["error"] == "cut off after 90 frames"
    assert data["episodes"][0]["best_frame"] == 30
    assert (data["interrupted"], data["not_reached"]) == (False, ["c.mp4"])


def test_a_corrected_violation_remains_one() -> None:
    masked_in_the_end = SourceSummary("c", "video", 9, 9, Tally.of([MASK]), (EPISODE,))
    assert RunSummary((masked_in_the_end,)).has_violation
    assert not RunSummary((SourceSummary("c", "video", 9, 9, Tally.of([MASK])),)).has_violation
