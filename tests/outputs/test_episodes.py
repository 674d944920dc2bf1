import json
import os
from pathlib import Path

from maskwatch.outputs.episodes import EpisodesFile
from maskwatch.types import Episode, Fault, State

NOSE_OUT = Episode("clip.mp4", 2, State.INCORRECT, Fault.NOSE_OUT, 1.23456, 4.0, 37)
NO_MASK = Episode("clip.mp4", 5, State.NO_MASK, None, 0.0, 9.0, 3, ongoing=True)


def test_episodes_are_a_json_list_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "episodes.json"
    file = EpisodesFile(str(path))
    file.add([NOSE_OUT])
    file.add([NO_MASK])
    file.close()
    first, second = json.loads(path.read_text())
    assert first == {
        "source": "clip.mp4",
        "track": 2,
        "state": "incorrect",
        "fault": "nose_out",
        "start_s": 1.235,
        "end_s": 4.0,
        "best_frame": 37,
        "ongoing": False,
        "advice": "pull the mask up over your nose",
    }
    assert (second["fault"], second["ongoing"], second["advice"]) == (None, True, "put on a mask")


def test_the_file_is_whole_after_each_episode(tmp_path: Path) -> None:
    path = tmp_path / "episodes.json"
    file = EpisodesFile(str(path))
    assert json.loads(path.read_text()) == []
    file.add([NOSE_OUT])
    assert len(json.loads(path.read_text())) == 1


def test_a_pipe_gets_one_list_at_the_end(tmp_path: Path) -> None:
    """Such as that of ``--episodes >(gzip > episodes.json.gz)``: several in a row are no JSON."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        file = EpisodesFile(str(pipe))
        file.add([NOSE_OUT])
        file.add([NO_MASK])
        file.close()
        assert len(json.loads(os.read(reader, 10_000))) == 2
    finally:
        os.close(reader)
