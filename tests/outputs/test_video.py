import resource
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from maskwatch.errors import OutputError
from maskwatch.frames.video import VideoSource
from maskwatch.outputs.video import VideoFile
from maskwatch.types import Image


def picture(shade: int, height: int = 48, width: int = 64) -> Image:
    return np.full((height, width, 3), shade, np.uint8)


def read(path: Path) -> tuple[list[float], list[Image]]:
    """Times and pictures of a video, as far as it can be decoded."""
    times: list[float] = []
    pictures: list[Image] = []
    with av.open(str(path)) as container:
        try:
            for frame in container.decode(video=0):
                times.append(frame.time)
                pictures.append(frame.to_ndarray(format="bgr24"))
        except av.error.InvalidDataError:
            pass
    return times, pictures


def test_pictures_and_uneven_times_are_kept(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "a.mp4", fps=25)
    given = [0.0, 0.04, 0.5, 0.54, 2.0]
    for i, t in enumerate(given):
        video.write(picture(40 * i), t)
    video.close()
    times, pictures = read(tmp_path / "a.mp4")
    assert times == pytest.approx(given, abs=1e-4)
    assert [round(float(p.mean()) / 40) for p in pictures] == [0, 1, 2, 3, 4]


def test_a_time_that_does_not_advance_is_put_just_after(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "a.mp4")
    for t in (0.0, 0.1, 0.1, 0.05, 0.2):
        video.write(picture(100), t)
    video.close()
    times, _ = read(tmp_path / "a.mp4")
    assert len(times) == 5
    assert times == sorted(set(times))


def test_odd_sides_become_even_and_nothing_is_cut_off(tmp_path: Path) -> None:
    image = picture(30, height=47, width=63)
    image[46, :] = image[:, 62] = 230
    video = VideoFile(tmp_path / "a.mp4")
    video.write(image, 0.0)
    video.close()
    _, (read_back,) = read(tmp_path / "a.mp4")
    assert read_back.shape == (48, 64, 3)
    assert read_back[46:, :].mean() > 150


@pytest.mark.parametrize(("height", "matrix", "luma"), [(720, 1, 173), (576, 6, 145)])
def test_colours_are_those_that_players_take_them_for(
    tmp_path: Path, height: int, matrix: int, luma: int
) -> None:
    """Luma of full green, in [16, 235], is 173 by BT.709 and 145 by BT.601."""
    green = np.zeros((height, 64, 3), np.uint8)
    green[..., 1] = 255
    video = VideoFile(tmp_path / "a.mp4")
    video.write(green, 0.0)
    video.close()
    with av.open(str(tmp_path / "a.mp4")) as container:
        frame = next(container.decode(video=0))
        said = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range)
        assert [int(each) for each in said] == [matrix, matrix, matrix, 1]
        assert frame.to_ndarray()[:height].mean() == pytest.approx(luma, abs=2)
    with VideoSource(tmp_path / "a.mp4") as source:
        (back,) = source
    assert back.image.mean(axis=(0, 1)) == pytest.approx([0, 255, 0], abs=4)


def test_a_later_picture_of_another_size_is_scaled(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "a.mp4")
    video.write(picture(50), 0.0)
    video.write(picture(200, height=96, width=128), 0.1)
    video.close()
    _, pictures = read(tmp_path / "a.mp4")
    assert [p.shape for p in pictures] == [(48, 64, 3)] * 2
    assert pictures[1].mean() == pytest.approx(200, abs=5)


def test_a_closed_video_states_its_length(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "a.mp4", fps=10)
    for i in range(20):
        video.write(picture(i), i / 10)
    video.close()
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.frames == 20
        assert float(stream.duration * stream.time_base) == pytest.approx(2.0, abs=0.11)


def test_no_picture_makes_no_file(tmp_path: Path) -> None:
    VideoFile(tmp_path / "a.mp4").close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fps", [0.5, 1, 10])
def test_what_was_written_plays_when_the_process_is_killed(tmp_path: Path, fps: float) -> None:
    program = f"""
import os, signal
import numpy as np
from pathlib import Path
from maskwatch.outputs.video import VideoFile
video = VideoFile(Path({str(tmp_path / "a.mp4")!r}), fps=25)
still = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
for i in range(40):
    video.write(still, i / {fps})
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -9
    times, _ = read(tmp_path / "a.mp4")
    assert len(times) >= 25  # the encoder, and the fragment in the making, hold some back


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"gone/a\.mp4: no such file or directory"):
        VideoFile(tmp_path / "gone" / "a.mp4").write(picture(0), 0.0)


def test_a_full_disk_is_reported_and_what_was_written_plays(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the end of the disk."""
    program = f"""
import resource, signal
import numpy as np
from pathlib import Path
from maskwatch.errors import OutputError
from maskwatch.outputs.video import VideoFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
rng = np.random.default_rng(0)
video = VideoFile(Path({str(tmp_path / "a.mp4")!r}), fps=10)
try:
    for i in range(400):
        video.write(rng.integers(0, 255, (96, 128, 3), dtype=np.uint8), i / 10)
except OutputError as error:
    print(error)
try:
    video.close()
except OutputError:
    print("and again")
"""
    assert resource.RLIMIT_FSIZE
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "a.mp4: file too large" in done.stdout
    times, _ = read(tmp_path / "a.mp4")
    assert len(times) >= 5
