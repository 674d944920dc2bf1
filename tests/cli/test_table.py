import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from maskwatch.cli.table import print_summary
from maskwatch.errors import OutputError, SourceError
from maskwatch.outputs.summary import RunSummary, SourceSummary, Tally
from maskwatch.types import Episode, Fault, State

MASK = (State.MASK, None)
NOSE_OUT = (State.INCORRECT, Fault.NOSE_OUT)
NO_MASK = (State.NO_MASK, None)
UNKNOWN = (State.UNKNOWN, None)


def image(name: str, *conditions: tuple[State, Fault | None]) -> SourceSummary:
    return SourceSummary(name, "image", 1, len(conditions), Tally.of(conditions))


def printed(summary: RunSummary, width: int = 80, written: list[str] | None = None) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_summary(console, summary, written or [])
    return console.file.getvalue()


def row(text: str, name: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.strip().startswith(name))


def test_people_states_and_compliance_stand_in_a_row() -> None:
    text = printed(RunSummary((image("a.jpg", MASK, MASK, MASK, NOSE_OUT, UNKNOWN),)))
    assert row(text, "source") == [
        *("source", "people", "mask", "incorrect", "no", "mask", "unknown", "compliance")
    ]
    assert row(text, "a.jpg") == ["a.jpg", "5", "3", "1", "0", "1", "75", "%", "of", "4"]


def test_compliance_is_said_with_denominator_interval_and_the_unknown() -> None:
    text = printed(RunSummary((image("a.jpg", MASK, MASK, MASK, NOSE_OUT, UNKNOWN),)), 200)
    assert (
        "75 %: 3 of 4 people wearing a mask properly (95 % interval 30 to 95 %); "
        "1 unknown, not counted" in text
    )


def test_faults_and_the_advice_for_them_are_listed() -> None:
    text = printed(RunSummary((image("a.jpg", NOSE_OUT, NOSE_OUT, NO_MASK),)))
    assert "nose out 2" in text
    assert "nose out: pull the mask up over your nose" in text
    assert "no mask: put on a mask" in text


def test_several_sources_get_a_line_each_and_one_for_all() -> None:
    text = printed(RunSummary((image("a.jpg", MASK), image("b.jpg", NO_MASK))))
    assert row(text, "a.jpg")[1] == row(text, "b.jpg")[1] == "1"
    assert row(text, "all") == ["all", "2", "1", "0", "1", "0", "50", "%", "of", "2"]


def test_many_sources_are_cut_short_and_still_add_up() -> None:
    text = printed(RunSummary(tuple(image(f"{i}.jpg", MASK) for i in range(100))))
    assert row(text, "81 more")[2] == "81"
    assert row(text, "all")[1] == "100"
    assert len(text.splitlines()) < 40


@pytest.mark.parametrize("width", [80, 100, 160])
def test_no_line_is_wider_than_the_terminal_and_no_heading_is_cut(width: int) -> None:
    long = "/a/very/long/path/to/a/folder/of/pictures/with a name that goes on and on.jpg"
    summary = RunSummary(
        (
            image(long, *[MASK] * 1234, *[NO_MASK] * 77),
            SourceSummary(
                "gate.mp4",
                "video",
                5000,
                9000,
                Tally.of([NOSE_OUT]),
                (Episode("gate.mp4", 12, *NOSE_OUT, 1.0, 200.0, 77),),
            ),
        ),
        (SourceError("x.jpg", "empty file"),),
        (OutputError("/a/very/long/path/to/an/output/folder/that/is/full.jpg", "no space left"),),
    )
    text = printed(summary, width, ["maskwatch-out/", "rows.jsonl"])
    assert max(len(line) for line in text.splitlines()) <= width
    for heading in ("people", "incorrect", "no mask", "unknown", "compliance"):
        assert heading in text
    assert "..." in text or width == 160


@pytest.mark.parametrize("name", ["病院の入口のカメラ" * 4 + ".mp4", "門.jpg", "🚪" * 40 + ".jpg"])
def test_names_of_wide_letters_cut_no_number(name: str) -> None:
    summary = RunSummary((image(name, *[MASK] * 1234, *[NO_MASK] * 77), image("b.jpg", MASK)))
    lines = printed(summary).splitlines()
    assert max(map(cell_len, lines)) <= 80
    (told,) = [line.split() for line in lines if name[-8:] in line]
    assert told[1:] == ["1311", "1234", "0", "77", "0", "94", "%", "of", "1311"]


def test_episodes_say_who_what_when_and_where_it_is_seen_best() -> None:
    episodes = (
        Episode("gate.mp4", 3, *NOSE_OUT, 5.52, 10.31, 187),
        Episode("gate.mp4", 4, *NO_MASK, 8.0, 16.5, 230, ongoing=True),
    )
    source = SourceSummary("gate.mp4", "video", 400, 800, Tally.of([NOSE_OUT, NO_MASK]), episodes)
    text = printed(RunSummary((source,)))
    assert "#3 nose out 5.5-10.3 s, best frame 187" in text
    assert "#4 no mask 8.0 s to the end, best frame 230" in text


def test_nearly_everybody_is_not_everybody() -> None:
    text = printed(RunSummary((image("a.jpg", *[MASK] * 999, NO_MASK),)), 200)
    assert ">99 %: 999 of 1000" in text
    assert "100 %" not in text


@pytest.mark.parametrize(
    ("conditions", "sentence"), [([], "nobody was found"), ([UNKNOWN], "nobody could be judged")]
)
def test_without_a_denominator_there_is_no_rate(conditions: list, sentence: str) -> None:
    assert sentence in printed(RunSummary((image("a.jpg", *conditions),)))


def test_faces_that_became_nobody_are_not_denied() -> None:
    source = SourceSummary("gate.mp4", "video", frames=400, readings=3, tally=Tally(()))
    assert "nobody was seen often and clearly enough" in printed(RunSummary((source,)))


def test_what_failed_is_counted_at_the_end() -> None:
    errors = (SourceError("a.jpg", "empty file"), SourceError("b.jpg", "empty file"))
    text = printed(RunSummary((), errors, (OutputError("rows.csv", "no space left"),)))
    assert "2 sources, named above" in text
    assert "to write rows.csv" in text


def test_brackets_in_names_are_shown_as_they_are() -> None:
    text = printed(RunSummary((image("[red]a[1].jpg", MASK),)))
    assert "[red]a[1].jpg" in text


def test_names_of_files_cannot_tear_the_table_or_command_the_terminal() -> None:
    failed = (OutputError("out\n/a.jpg", "full"),)
    text = printed(RunSummary((image("a\nb\x1b[2J\x9b.jpg", MASK),), output_errors=failed))
    assert row(text, "a b")[:3] == ["a", r"b\x1b[2J\x9b.jpg", "1"]
    assert "to write out /a.jpg" in text


def test_of_sources_that_could_not_be_opened_nothing_is_claimed() -> None:
    error = SourceError("rtsp://gate/1", "no answer in time")
    dead = SourceSummary("rtsp://gate/1", "stream", 0, 0, Tally(()), error=error)
    text = printed(RunSummary((dead,)))
    assert text.split() == ["Failed", "1", "source,", "named", "above"]


def test_sources_that_were_not_reached_are_named() -> None:
    ended_early = RunSummary((image("a.jpg", MASK),), not_reached=("b.jpg", "c.jpg"))
    lines = [line.split() for line in printed(ended_early).splitlines()]
    assert ["Not", "reached", "b.jpg"] in lines
    assert ["c.jpg"] in lines
    many = RunSummary((image("a.jpg", MASK),), not_reached=tuple(f"{n}.jpg" for n in range(50)))
    assert ["31", "more"] in [line.split() for line in printed(many).splitlines()]


def test_one_of_two_hundred_is_not_nobody() -> None:
    text = printed(RunSummary((image("a.jpg", MASK, *[NO_MASK] * 199),)), 200)
    assert "<1 %: 1 of 200" in text


def test_a_disk_that_is_full_for_many_pictures_does_not_bury_the_rest() -> None:
    failed = tuple(OutputError(f"out/{n}.jpg", "no space left") for n in range(500))
    lines = printed(RunSummary((image("a.jpg", MASK),), output_errors=failed)).splitlines()
    assert len(lines) < 30
    assert "481 more, named above" in [line.strip() for line in lines]


def test_names_of_files_cannot_turn_a_line_round_and_bytes_keep_the_columns() -> None:
    turning = printed(RunSummary((image("gpj.\u202eexe.jpg", MASK),)))
    assert row(turning, "gpj")[0] == r"gpj.\u202eexe.jpg"
    lines = printed(RunSummary((image("caf\udce9.jpg", MASK), image("b.jpg", MASK)))).splitlines()
    rows = [line.rstrip() for line in lines if line.startswith((" caf", " b.jpg"))]
    assert len({len(line) for line in rows}) == 1
