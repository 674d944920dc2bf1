"""The program as a process: what a user's shell sees."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from maskwatch.types import State
from tests.end_to_end.serving import children_of
from tests.outputs.test_video import read
from tests.painted import paint_picture, paint_video, scene
from tests.runtime.processes import is_running, wait_until
from tests.servers.local import web_server

CHECKOUT = Path(__file__).resolve().parent.parent.parent
MASKED = (State.MASK, 80, 120)
BARE = (State.NO_MASK, 240, 120)
PROGRAM = (sys.executable, "-m", "tests.end_to_end.program", "detect")
PATIENCE_S = 180.0
"""For what takes a second on a machine that does nothing else."""


def environment(slow: float) -> dict[str, str]:
    paths = [str(CHECKOUT), str(CHECKOUT / "src")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "SLOW": str(slow)}


def start(
    folder: Path, *arguments: str, slow: float = 0.0, max_file_bytes: int | None = None
) -> subprocess.Popen[str]:
    def limit() -> None:
        if max_file_bytes is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))

    return subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=environment(slow),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
    )


def detect(folder: Path, *arguments: str, **how: int) -> subprocess.CompletedProcess[str]:
    process = start(folder, *arguments, **how)
    out, err = process.communicate(timeout=PATIENCE_S)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def wait_for_rows(path: Path, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline, "no rows came"
        time.sleep(0.05)


@pytest.mark.parametrize(
    "asked",
    [[signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP], [signal.SIGINT, signal.SIGINT]],
    ids=["Ctrl-C", "SIGTERM", "SIGHUP", "impatiently"],
)
def test_asked_to_stop_it_leaves_everything_readable_and_says_so(
    tmp_path: Path, asked: list[signal.Signals]
) -> None:
    paint_video(tmp_path / "a.mp4", [[MASKED, BARE]] * 300)
    process = start(
        tmp_path, "a.mp4", "--jsonl", "r.jsonl", "--episodes", "e.json", "--out", "out", slow=0.02
    )
    wait_for_rows(tmp_path / "r.jsonl", 40)
    for each in asked:
        process.send_signal(each)
        time.sleep(0.003)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "early, as asked" in out
    written = rows(tmp_path / "r.jsonl")
    assert 40 <= len(written) < 600
    (episode,) = json.loads((tmp_path / "e.json").read_text())
    assert episode["state"] == "no_mask"
    times, _ = read(tmp_path / "out" / "a.mp4")
    assert abs(len(times) - (written[-1]["frame"] + 1)) <= 1


def test_a_killed_process_leaves_whole_rows_and_a_video_that_plays(tmp_path: Path) -> None:
    # Long enough to be still at work when its rows are seen, however late that is.
    paint_video(tmp_path / "a.mp4", [[MASKED, BARE]] * 2000)
    process = start(tmp_path, "a.mp4", "--jsonl", "r.jsonl", "--out", "out", slow=0.005)
    wait_for_rows(tmp_path / "r.jsonl", 500)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGKILL
    assert len(rows(tmp_path / "r.jsonl")) >= 500
    times, _ = read(tmp_path / "out" / "a.mp4")
    assert len(times) >= 100


def test_a_disk_that_fills_up_costs_the_annotated_video_and_not_the_rest(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the end of the disk."""
    people = [[(State.MASK, 40 + 2 * i % 200, 120)] for i in range(200)]
    paint_video(tmp_path / "a.mp4", people)
    paint_picture(tmp_path / "b.png", [MASKED])
    size = (tmp_path / "a.mp4").stat().st_size
    done = detect(
        tmp_path, "a.mp4", "b.png", "--json-summary", "--out", "out", max_file_bytes=size // 3
    )
    assert done.returncode == 1
    assert done.stderr == "error: out/a.mp4: file too large\n"
    summary = json.loads(done.stdout)
    assert summary["output_errors"] == [{"path": "out/a.mp4", "reason": "file too large"}]
    assert [source["frames"] for source in summary["sources"]] == [200, 1]
    assert (tmp_path / "out" / "b.png").exists()


def test_a_reader_that_goes_away_is_no_disaster(tmp_path: Path) -> None:
    paint_video(tmp_path / "a.mp4", [[MASKED, BARE]] * 100)
    process = start(tmp_path, "a.mp4", "--jsonl", "-", "--quiet", slow=0.01)
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(timeout=PATIENCE_S) == 1
    process.stderr.close()
    assert err == "error: standard output: broken pipe\n"
    assert len(read(tmp_path / "maskwatch-out" / "a.mp4")[0]) == 100


def test_nobody_to_read_the_table_does_not_hide_a_violation(tmp_path: Path) -> None:
    paint_picture(tmp_path / "a.png", [BARE])
    process = start(tmp_path, "a.png", "--fail-on", "violation")
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(timeout=PATIENCE_S) == 3
    process.stderr.close()
    assert err == "error: standard output: broken pipe\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_log_that_cannot_be_written_costs_only_what_it_would_say(tmp_path: Path) -> None:
    paint_picture(tmp_path / "a.png", [MASKED])
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "gone.png", "a.png", "--json-summary"],
            cwd=tmp_path,
            env=environment(0),
            check=False,
            stdout=subprocess.PIPE,
            stderr=full,
        )
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert [source["people"] for source in summary["sources"]] == [1]
    assert [error["source"] for error in summary["errors"]] == ["gone.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="terminals are others there")
def test_a_terminal_that_is_closed_ends_the_run_and_the_summary_is_written(tmp_path: Path) -> None:
    import pty

    paint_video(tmp_path / "a.mp4", [[MASKED, BARE]] * 300)
    terminal, its_end = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "a.mp4", "--jsonl", "r.jsonl", "--json-summary", "s.json"],
        cwd=tmp_path,
        env=environment(0.02),
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        preexec_fn=lambda: os.login_tty(0),
    )
    os.close(its_end)
    wait_for_rows(tmp_path / "r.jsonl", 40)
    os.close(terminal)
    assert process.wait(timeout=PATIENCE_S) == 130
    assert json.loads((tmp_path / "s.json").read_text())["interrupted"]


def test_a_live_source_ends_when_nobody_reads_its_only_output(tmp_path: Path) -> None:
    with web_server(tmp_path) as server:
        server.jpegs = [cv2.imencode(".jpg", scene([MASKED, BARE]))[1].tobytes()]
        process = start(tmp_path, f"{server.url}/cam.mjpg", "--jsonl", "-", "--quiet")
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(timeout=PATIENCE_S) == 1
        process.stderr.close()
    assert err.splitlines()[0] == "error: standard output: broken pipe"
    assert "stopped: no result can be written any more" in err


def test_a_missing_model_is_one_line(tmp_path: Path) -> None:
    paint_picture(tmp_path / "a.png", [MASKED])
    done = subprocess.run(
        [sys.executable, "-m", "maskwatch", "detect", "a.png", "--detector-model", "nowhere"],
        cwd=tmp_path,
        env=environment(0),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 4
    assert done.stderr == "error: nowhere/card.json: no such file or directory\n"


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_names_that_the_terminal_cannot_show_do_no_harm(tmp_path: Path, encoding: str) -> None:
    name = os.fsdecode(b"caf\xe9-\xc3\xbc.png")
    try:
        paint_picture(tmp_path / "a.png", [MASKED]).rename(tmp_path / name)
    except OSError:
        pytest.skip("this file system takes only names that are text")
    process = subprocess.run(
        [*PROGRAM, ".", "--jsonl", "r.jsonl"],
        cwd=tmp_path,
        env={**environment(0), "PYTHONIOENCODING": encoding, "COLUMNS": "80"},
        check=False,
        capture_output=True,
    )
    assert (process.returncode, process.stderr) == (0, b"")
    (row,) = rows(tmp_path / "r.jsonl")
    assert row["source"] == name


def test_a_live_stream_runs_until_ctrl_c(tmp_path: Path) -> None:
    with web_server(tmp_path) as server:
        server.jpegs = [cv2.imencode(".jpg", scene([MASKED, BARE]))[1].tobytes()]
        url = f"{server.url}/door.mjpg?token=secret"
        process = start(tmp_path, url, "--jsonl", "r.jsonl", "--episodes", "e.json")
        wait_for_rows(tmp_path / "r.jsonl", 60)
        helpers = children_of(process.pid)
        helpers += [each for helper in helpers for each in children_of(helper)]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (130, "")
    assert helpers
    assert wait_until(lambda: not any(map(is_running, helpers)))
    assert {row["source"] for row in rows(tmp_path / "r.jsonl")} == {url.replace("secret", "***")}
    assert "secret" not in out
    (episode,) = json.loads((tmp_path / "e.json").read_text())
    assert (episode["state"], episode["ongoing"]) == ("no_mask", True)
    assert not (tmp_path / "maskwatch-out").exists(), "live video fills disks, so only with --out"


def test_a_picture_and_a_video_from_a_web_server(tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    paint_picture(tmp_path / "www" / "a.png", [MASKED, BARE])
    paint_video(tmp_path / "www" / "a.mp4", [[BARE]] * 30)
    with web_server(tmp_path / "www") as server:
        done = detect(
            tmp_path, f"{server.url}/a.png", f"{server.url}/a.mp4", "--json-summary", "--quiet"
        )
        gone = detect(tmp_path, f"{server.url}/gone.mp4", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    picture, video = json.loads(done.stdout)["sources"]
    assert (picture["people"], picture["frames"]) == (2, 1)
    assert (video["people"], video["frames"], video["episodes"]) == (1, 30, 1)
    assert gone.returncode == 1
    assert "not found on the server (404)" in gone.stderr
