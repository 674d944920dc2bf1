from pathlib import Path

import pytest

from maskwatch.cli.detect import fill_in_summary_target
from maskwatch.cli.request import DetectRequest
from maskwatch.errors import UsageError


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        (["a.jpg"], ["a.jpg"]),
        (["a.jpg", "--json-summary"], ["a.jpg", "--json-summary", "-"]),
        (["--json-summary", "a.jpg"], ["--json-summary", "-", "a.jpg"]),
        (["--json-summary", "--quiet"], ["--json-summary", "-", "--quiet"]),
        (["--json-summary", "s.json", "a.jpg"], ["--json-summary", "s.json", "a.jpg"]),
        (["--json-summary", "-", "a.jpg"], ["--json-summary", "-", "a.jpg"]),
        (["--json-summary=s", "a.jpg"], ["--json-summary=s", "a.jpg"]),
        (["--", "--json-summary"], ["--", "--json-summary"]),
    ],
)
def test_the_file_of_the_summary_may_be_left_out(given: list[str], parsed: list[str]) -> None:
    assert fill_in_summary_target(given) == parsed


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"max_fps": 0.0}, "--max-fps must be above 0 and at most 1000000, got 0"),
        ({"max_fps": float("nan")}, "--max-fps must be above 0 and at most 1000000, got nan"),
        ({"max_fps": 1e308}, "--max-fps must be above 0 and at most 1000000, got 1e.308"),
        ({"looks_per_s": -1.0}, "--looks must be 0 or from 1e-06 to 1000000, got -1"),
        ({"looks_per_s": float("inf")}, "--looks must be 0 or from 1e-06 to 1000000, got inf"),
        ({"looks_per_s": 1e-308}, "--looks must be 0 or from 1e-06 to 1000000, got 1e-308"),
        ({"min_face_px": float("inf")}, "--min-face must be a number of pixels, got inf"),
        ({"score": float("nan")}, "--score must be from 0 to 1, got nan"),
        ({"jsonl": "-", "json_summary": "-"}, "two outputs cannot both go to standard output"),
        ({"jsonl": "/dev/stdout", "csv": "-"}, "two outputs cannot both go to standard output"),
        ({"jsonl": ""}, "the name of an output file is empty"),
        ({"jsonl": "rows", "csv": "./rows"}, "two outputs cannot both go to .*rows"),
    ],
)
def test_requests_that_make_no_sense_are_refused(options: dict, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        DetectRequest(("a.jpg",), **options)


@pytest.mark.parametrize("option", ["jsonl", "csv", "episodes", "json_summary"])
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1"])
def test_standard_output_is_known_by_its_file_name_too(option: str, name: str) -> None:
    request = DetectRequest(("a.jpg",), **{option: name})
    assert getattr(request, option) == "-"
    assert request.prints_data


def test_a_link_that_leads_to_itself_is_a_place_like_any_other(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    assert DetectRequest(("a.jpg",), jsonl=str(loop)).targets == (str(loop),)


def test_an_input_is_never_an_output(tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    picture.touch()
    request = DetectRequest((str(picture),), csv=str(picture))
    with pytest.raises(UsageError, match=r"a\.jpg is a source and cannot be an output too"):
        request.check_inputs_are_safe([picture])
    request.check_inputs_are_safe([tmp_path / "b.jpg"])
