import csv
import json
import re
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from maskwatch.build.models import BuildOptions, BuiltDetector
from maskwatch.errors import MaskwatchError, UsageError
from maskwatch.outputs.ledger import LEDGER
from maskwatch.outputs.video import VideoFile
from maskwatch.types import State
from tests.cli.conftest import Detect
from tests.outputs.test_video import read
from tests.painted import SquareClassifier, SquareDetector, paint_picture, paint_video, scene
from tests.servers.local import web_server

MASKED = (State.MASK, 80, 120)
BARE = (State.NO_MASK, 240, 120)
CANNOT_TELL = (State.UNKNOWN, 160, 40)


def rows(path: Path | str) -> list[dict]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_a_picture_leaves_an_annotated_picture_and_a_table(detect: Detect) -> None:
    paint_picture(Path("a.png"), [MASKED, BARE, CANNOT_TELL])
    done = detect("a.png")
    assert done.exit_code == 0
    assert "50 %: 1 of 2 people" in done.stdout
    assert done.stderr == ""
    drawn = cv2.imread("maskwatch-out/a.png")
    assert drawn.shape == (240, 320, 3)
    assert (drawn != scene([MASKED, BARE, CANNOT_TELL])).any()
    assert (cv2.imread("a.png") == scene([MASKED, BARE, CANNOT_TELL])).all()


def test_a_picture_of_a_web_server_leaves_a_picture_that_later_runs_know(detect: Detect) -> None:
    paint_picture(Path("a.png"), [BARE])
    with web_server(Path()) as server:
        assert detect(f"{server.url}/a.png", "--out", "out").exit_code == 0
    (path,) = Path("out").glob("[!.]*")
    assert path.name == f"127.0.0.1-{server.port}-a.png"
    assert cv2.imread(str(path)).shape == (240, 320, 3)
    assert "only files that earlier runs annotated" in detect("out", "--out", "out").stderr


def test_rows_of_a_picture(detect: Detect) -> None:
    paint_picture(Path("a.png"), [BARE])
    assert detect("a.png", "--jsonl", "rows.jsonl", "--csv", "rows.csv").exit_code == 0
    (row,) = rows("rows.jsonl")
    assert row == {
        "source": "a.png",
        "frame": 0,
        "time_s": 0.0,
        "track": None,
        "box": [210.0, 90.0, 270.0, 150.0],
        "state": "no_mask",
        "fault": None,
        "coverage": 5.0,
        "probabilities": {"mask": 0.05, "incorrect": 0.05, "no_mask": 0.9},
        "score": 0.9,
        "reason": None,
    }
    with Path("rows.csv").open(newline="") as file:
        (in_csv,) = csv.DictReader(file)
    assert (in_csv["state"], in_csv["x0"], in_csv["p_no_mask"]) == ("no_mask", "210.0", "0.9")


def test_a_video_leaves_tracks_episodes_and_a_video(detect: Detect) -> None:
    frames = [[MASKED, BARE]] * 20 + [[MASKED, (State.MASK, 240, 120)]] * 40
    paint_video(Path("hall.mp4"), frames)
    done = detect("hall.mp4", "--episodes", "e.json", "--jsonl", "r.jsonl", "--out", "out")
    assert done.exit_code == 0
    (episode,) = json.loads(Path("e.json").read_text())
    assert (episode["state"], episode["ongoing"]) == ("no_mask", False)
    assert episode["advice"] == "put on a mask"
    # Flat squares differ in colour only, which a remembered reading does not see: a second more.
    assert 1.5 <= episode["end_s"] <= 5.0
    assert f"#{episode['track']} no mask" in done.stdout
    assert {row["track"] for row in rows("r.jsonl")} <= {None, 1, 2}
    assert rows("r.jsonl")[-1]["time_s"] == 5.9
    times, pictures = read(Path("out/hall.mp4"))
    assert len(times) == 60
    assert times[-1] == pytest.approx(5.9, abs=0.01)
    assert pictures[0].shape == (240, 320, 3)


def test_every_and_max_fps_thin_out_videos_and_keep_places_and_times(detect: Detect) -> None:
    paint_video(Path("a.mp4"), [[MASKED]] * 30, fps=10)
    detect("a.mp4", "--every", "10", "--jsonl", "r.jsonl")
    assert [(row["frame"], row["time_s"]) for row in rows("r.jsonl")] == [
        (0, 0.0),
        (10, 1.0),
        (20, 2.0),
    ]
    assert read(Path("maskwatch-out/a.mp4"))[0] == pytest.approx([0, 1, 2], abs=1e-3)
    detect("a.mp4", "--max-fps", "2", "--jsonl", "r.jsonl")
    assert [row["frame"] for row in rows("r.jsonl")] == [0, 5, 10, 15, 20, 25]


def test_what_a_camera_on_its_side_took_is_turned_first(detect: Detect) -> None:
    paint_picture(Path("a.png"), [BARE])
    paint_video(Path("b.mp4"), [[BARE]] * 5)
    done = detect("a.png", "b.mp4", "--turn", "90", "--every", "4", "--jsonl", "r.jsonl")
    assert done.exit_code == 0
    for row in rows("r.jsonl"):  # of 240 by 320 now
        assert row["box"] == pytest.approx([90, 210, 150, 270], abs=2)
    assert cv2.imread("maskwatch-out/a.png").shape == (320, 240, 3)
    assert read(Path("maskwatch-out/b.mp4"))[1][0].shape == (320, 240, 3)
    assert detect("a.png", "--turn", "45").exit_code == 2


def test_folders_with_equal_names_inside_are_kept_apart(detect: Detect) -> None:
    for folder in ("a", "b"):
        Path(folder).mkdir()
        paint_picture(Path(folder) / "x.png", [MASKED])
    assert detect("a", "b").exit_code == 0
    assert sorted(path.name for path in Path("maskwatch-out").glob("[!.]*")) == [
        "a-x.png",
        "b-x.png",
    ]


def test_a_second_run_over_the_same_folder_leaves_out_what_the_first_one_wrote(
    detect: Detect,
) -> None:
    paint_picture(Path("a.png"), [MASKED])
    for _ in range(2):
        done = detect(".", "--json-summary")
        assert [source["source"] for source in json.loads(done.stdout)["sources"]] == ["a.png"]
    assert detect("maskwatch-out/a.png", "--no-annotate").exit_code == 0
    done = detect("maskwatch-out", "--fail-on", "violation")
    assert (done.exit_code, done.stderr) == (
        1,
        "error: maskwatch-out: only files that earlier runs annotated\n",
    )


@pytest.mark.parametrize("out", [".", "photos", "photos/out"])
def test_sources_in_the_folder_of_the_outputs_are_looked_at_every_time(
    detect: Detect, out: str
) -> None:
    Path("photos").mkdir()
    before = paint_picture(Path("photos/a.png"), [MASKED]).read_bytes()
    for _ in range(2):
        done = detect("photos", "--out", out, "--json-summary")
        names = [source["source"] for source in json.loads(done.stdout)["sources"]]
        assert names == [str(Path("photos/a.png"))]
    assert Path("photos/a.png").read_bytes() == before
    assert len(list(Path(out).glob("a*.png"))) == (2 if out == "photos" else 1)


def test_another_file_of_the_same_name_is_not_overwritten(detect: Detect) -> None:
    Path("cam").mkdir()
    paint_picture(Path("cam/door.png"), [MASKED])
    Path("door.png").write_text("something else")
    for _ in range(2):
        assert detect("cam/door.png", "--out", ".").exit_code == 0
    assert Path("door.png").read_text() == "something else"
    assert sorted(path.name for path in Path().glob("*.png")) == [
        "door-annotated.png",
        "door.png",
    ]


def test_what_somebody_puts_in_place_of_an_annotated_file_is_looked_at_and_stays(
    detect: Detect,
) -> None:
    paint_picture(Path("a.png"), [MASKED]).rename("a.bmp")
    assert detect("a.bmp", "--out", ".").exit_code == 0
    theirs = paint_picture(Path("a.png"), [BARE, BARE]).read_bytes()
    done = detect(".", "--out", ".", "--json-summary")
    names = [source["source"] for source in json.loads(done.stdout)["sources"]]
    assert names == ["a.bmp", "a.png"]
    assert Path("a.png").read_bytes() == theirs


def test_a_folder_that_takes_no_ledger_may_still_take_pictures(detect: Detect) -> None:
    paint_picture(Path("a.png"), [MASKED])
    Path("out/.maskwatch-written").mkdir(parents=True)
    done = detect("a.png", "--out", "out", "--jsonl", "r.jsonl")
    assert (done.exit_code, len(rows("r.jsonl"))) == (0, 1)
    assert "note: out/.maskwatch-written: is a directory: later runs take" in done.stderr
    assert Path("out/a.png").exists()


def test_files_that_are_passed_over_are_counted(detect: Detect) -> None:
    Path("photos").mkdir()
    paint_picture(Path("a.png"), [MASKED]).rename("photos/without-extension")
    Path("photos/notes.txt").touch()
    Path("photos/Makefile").write_text("all:")
    done = detect("photos", "--json-summary")
    assert len(json.loads(done.stdout)["sources"]) == 1
    assert "note: other files passed over, no pictures or videos by name: 2" in done.stderr
    assert "note" not in detect("photos", "--quiet").stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_the_report_names_only_what_was_written(detect: Detect) -> None:
    paint_picture(Path("a.png"), [MASKED])
    Path("words.png").write_text("no picture")
    Path("s.json").symlink_to("/dev/full")
    done = detect("a.png", "--no-annotate", "--jsonl", "r.jsonl", "--json-summary", "s.json")
    assert "error: s.json: no space left on the device" in done.stderr
    written = " ".join(done.stdout.split()).partition("Written to ")[2]
    assert written == "r.jsonl"
    assert "Written to" not in detect("words.png", "--out", "out").stdout


def test_of_what_could_not_be_begun_nothing_is_said_to_be_written(detect: Detect) -> None:
    rows_and_summary = ("--jsonl", "r.jsonl", "--json-summary", "s.json")
    text = " ".join(detect("gone.png", *rows_and_summary).stdout.split())
    assert text.partition("Written to ")[2] == "s.json"
    assert sorted(path.name for path in Path().iterdir()) == ["s.json"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that takes no file")
def test_a_folder_that_took_no_picture_is_not_said_to_hold_any(detect: Detect) -> None:
    paint_picture(Path("a.png"), [MASKED])
    text = " ".join(detect("a.png", "--out", "/proc", "--jsonl", "r.jsonl").stdout.split())
    assert "Failed to write /proc/a.png" in text
    assert text.partition("Written to ")[2] == "r.jsonl"


def test_passwords_stay_hidden_where_nothing_is_left_to_look_at(detect: Detect) -> None:
    paint_picture(Path("a.png"), [MASKED])
    detect("a.png")
    done = detect("maskwatch-out", "rtsp://user:pa#ss@cam/1")
    assert "only files that earlier runs annotated" in done.stderr
    assert "pa#ss" not in done.stderr + done.stdout


def test_what_an_earlier_run_annotated_is_looked_at_where_it_is_named_itself(
    detect: Detect,
) -> None:
    paint_picture(Path("a.png"), [MASKED])
    detect("a.png")
    done = detect(".", "./maskwatch-out/a.png", "--json-summary", "--no-annotate")
    assert json.loads(done.stdout)["total"]["people"] == 2


def test_a_source_named_twice_is_looked_at_once(detect: Detect) -> None:
    paint_picture(Path("a.png"), [MASKED])
    done = detect("a.png", "./a.png", "*.png", "--json-summary")
    assert json.loads(done.stdout)["total"]["people"] == 1


def test_outputs_into_the_folder_of_the_sources_overwrite_none(detect: Detect) -> None:
    before = paint_picture(Path("a.png"), [MASKED]).read_bytes()
    assert detect("a.png", "--out", ".").exit_code == 0
    assert Path("a.png").read_bytes() == before
    assert Path("a-annotated.png").exists()


def test_bad_sources_are_named_with_the_reason_and_the_rest_is_done(detect: Detect) -> None:
    paint_picture(Path("a.png"), [MASKED])
    Path("empty.jpg").touch()
    Path("text.jpg").write_text("no picture at all, but a text that is long enough to be one")
    Path("cut.png").write_bytes(Path("a.png").read_bytes()[:300])
    done = detect("empty.jpg", "text.jpg", "cut.png", "gone.jpg", "a.png")
    assert done.exit_code == 1
    assert sorted(done.stderr.splitlines()) == [
        "error: cut.png: the PNG data is cut off",
        "error: empty.jpg: empty file (0 bytes)",
        "error: gone.jpg: no such file or folder",
        "error: text.jpg: not an image in a format that can be read",
    ]
    assert "100 %: 1 of 1 person" in done.stdout
    assert "4 sources, named above" in done.stdout


def test_a_video_cut_in_the_middle_is_done_up_to_there(detect: Detect) -> None:
    whole = paint_video(Path("a.mp4"), [[BARE]] * 300).read_bytes()
    Path("cut.mp4").write_bytes(whole)
    with Path("cut.mp4").open("r+b") as file:
        # Wipe out the second half of the pictures, and keep the index behind them.
        index = whole.rindex(b"moov") - 4
        start = index // 2
        file.seek(start)
        file.write(bytes(index - start))
    done = detect("cut.mp4", "--jsonl", "r.jsonl")
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(r"error: cut\.mp4: \d+ of 300 frames are damaged and were left out", line)
    assert 20 <= len(rows("r.jsonl")) < 300
    assert len(read(Path("maskwatch-out/cut.mp4"))[0]) >= 20


def test_nothing_but_bad_sources_is_a_failure_without_a_table(detect: Detect) -> None:
    done = detect("gone.jpg")
    assert (done.exit_code, done.stderr) == (1, "error: gone.jpg: no such file or folder\n")
    assert "people" not in done.stdout


def test_quiet_says_errors_only(detect: Detect) -> None:
    paint_picture(Path("a.png"), [BARE])
    done = detect("a.png", "gone.png", "--quiet")
    assert done.stdout == ""
    assert done.stderr == "error: gone.png: no such file or folder\n"


@pytest.mark.parametrize(
    ("person", "code"), [(MASKED, 0), (BARE, 3), (CANNOT_TELL, 0), ((State.INCORRECT, 99, 99), 3)]
)
def test_fail_on_violation_tells_scripts(detect: Detect, person: tuple, code: int) -> None:
    paint_picture(Path("a.png"), [person])
    assert detect("a.png", "--fail-on", "violation", "--quiet").exit_code == code
    assert detect("a.png", "--quiet").exit_code == 0


def test_fail_on_violation_counts_a_violation_that_was_corrected(detect: Detect) -> None:
    paint_video(Path("a.mp4"), [[BARE]] * 20 + [[(State.MASK, 240, 120)]] * 80)
    assert detect("a.mp4", "--fail-on", "violation").exit_code == 3


def test_a_violation_weighs_more_than_a_source_that_failed(detect: Detect) -> None:
    paint_picture(Path("a.png"), [BARE])
    assert detect("a.png", "gone.png", "--fail-on", "violation").exit_code == 3
    assert detect("gone.png", "--fail-on", "violation").exit_code == 1


def test_data_on_standard_output_is_nothing_but_data(detect: Detect) -> None:
    paint_picture(Path("a.png"), [MASKED])
    done = detect("a.png", "--jsonl", "-")
    assert json.loads(done.stdout)["state"] == "mask"
    assert "Compliance" in done.stderr
    summary = json.loads(detect("--json-summary", "a.png").stdout)
    assert summary["total"]["compliance"]["share"] == 1.0
    detect("a.png", "--json-summary", "s.json")
    assert json.loads(Path("s.json").read_text()) == summary


def test_blur_hides_faces_in_pictures_and_video(detect: Detect) -> None:
    image = scene([BARE])
    image[100:140:4, 220:260] = image[101:140:4, 220:260] = (0, 0, 120)
    cv2.imwrite("a.png", image)
    video = VideoFile(Path("a.mp4"), 10)
    for i in range(20):
        video.write(image, i / 10)
    video.close()

    def stripes(*options: str) -> list[float]:
        """How much rows differ from the next ones, in the middle of the face of each picture."""
        detect("a.png", "a.mp4", *options)
        _, frames = read(Path("maskwatch-out/a.mp4"))
        pictures = [cv2.imread("maskwatch-out/a.png"), *frames]
        middles = (picture[105:135, 225:255, 2].astype(int) for picture in pictures)
        return [float(np.abs(np.diff(middle, axis=0)).mean()) for middle in middles]

    shown, hidden = stripes(), stripes("--blur")
    assert len(shown) == len(hidden) == 21
    assert min(shown) > 20
    assert max(hidden) < 5


def test_faces_smaller_than_asked_for_are_left_out(detect: Detect) -> None:
    paint_picture(Path("a.png"), [MASKED])  # 60 px
    for least, people in (("60", 1), ("61", 0)):
        done = detect("a.png", "--min-face", least, "--json-summary", "--no-annotate")
        assert json.loads(done.stdout)["total"]["people"] == people


def test_the_models_are_those_that_are_asked_for(
    detect: Detect, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[BuildOptions] = []
    scores: list[float | None] = []

    def detector(options: BuildOptions, *, score: float | None, floor: float) -> BuiltDetector:
        asked.append(options)
        scores.append(score)
        return BuiltDetector(SquareDetector(), 0.5)

    def classifier(options: BuildOptions) -> SquareClassifier:
        asked.append(options)
        return SquareClassifier()

    monkeypatch.setattr("maskwatch.build.detection.build_detector", detector)
    monkeypatch.setattr("maskwatch.build.detection.build_classifier", classifier)
    paint_picture(Path("a.png"), [MASKED])
    models = ("--detector", "mtcnn", "--detector-model", "faces", "--classifier-model", "masks")
    run = ("--device", "cuda", "--threads", "3", "--score", "0.7")
    assert detect("a.png", *models, *run).exit_code == 0
    assert asked == [BuildOptions("mtcnn", Path("faces"), Path("masks"), 3, "cuda")] * 2
    assert scores == [0.7]


def test_no_annotate_writes_no_pictures(detect: Detect) -> None:
    paint_picture(Path("a.png"), [MASKED])
    detect("a.png", "--no-annotate", "--jsonl", "r.jsonl")
    assert sorted(path.name for path in Path().iterdir()) == ["a.png", "r.jsonl"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_table_that_cannot_be_printed_is_an_output_that_failed(
    detect: Detect, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint_picture(Path("a.png"), [MASKED])
    with Path("/dev/full").open("w") as full:
        console = Console(file=full)
        monkeypatch.setattr("maskwatch.cli.run_detect.out_console", lambda: console)
        done = detect("a.png", "--jsonl", "rows.jsonl")
        assert "error: standard output: no space left on the device" in done.stderr
        assert done.exit_code == 1
        assert len(rows("rows.jsonl")) == 1
        with suppress(OSError):  # what is still buffered
            full.close()


def test_rows_on_a_full_disk_fail_alone(detect: Detect) -> None:
    paint_picture(Path("a.png"), [MASKED])
    paint_picture(Path("b.png"), [MASKED])
    done = detect("a.png", "b.png", "--jsonl", "/dev/full", "--csv", "rows.csv")
    assert done.exit_code == 1
    assert done.stderr == "error: /dev/full: no space left on the device\n"
    assert len(Path("rows.csv").read_text().splitlines()) == 3
    assert len(list(Path("maskwatch-out").glob("[!.]*"))) == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--every", "0"],
        ["--max-fps", "much"],
        ["--score", "2"],
        ["--threads", "0"],
        ["--threads", "257"],
        ["--fail-on", "everything"],
        ["--no-such-option"],
        [],
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(detect: Detect, options: list[str]) -> None:
    sources = ["a.png"] if options else []
    done = detect(*sources, *options)
    assert done.exit_code == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("live", ["0", "rtsp://user:pw@cam/1", "udp://@239.0.0.1:5000"])
def test_a_live_source_that_is_not_the_last_one_is_refused(detect: Detect, live: str) -> None:
    paint_picture(Path("a.png"), [MASKED])
    done = detect(live, "a.png")
    assert isinstance(done.exception, UsageError)
    assert "name it last, or watch several with `maskwatch serve`" in str(done.exception)
    assert "pw" not in str(done.exception)
    assert not Path("maskwatch-out").exists()


@pytest.mark.parametrize(
    ("options", "kind", "reason"),
    [
        (["--jsonl", "a.png"], UsageError, r"a\.png is a source"),
        (["--jsonl", "other-name.png"], UsageError, r"a\.png is a source"),
        (["--out", "taken"], MaskwatchError, "taken: there is a file of that name"),
        (["--out", "o", "--csv", "o/../o/a.png"], UsageError, "two outputs cannot .* to o/a.png"),
        (["--out", "o", "--jsonl", f"o/{LEDGER}"], UsageError, f"two outputs .* to o/{LEDGER}"),
        (["--max-fps", "-1"], UsageError, "--max-fps must be above 0"),
    ],
)
def test_requests_that_cannot_be_carried_out_are_refused_before_anything_is_done(
    detect: Detect, options: list[str], kind: type[Exception], reason: str
) -> None:
    before = paint_picture(Path("a.png"), [MASKED]).read_bytes()
    Path("taken").touch()
    Path("other-name.png").hardlink_to("a.png")
    done = detect("a.png", *options)
    assert isinstance(done.exception, kind)
    assert re.search(reason, str(done.exception))
    assert Path("a.png").read_bytes() == before
