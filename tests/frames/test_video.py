from __future__ import annotations

import io
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from maskwatch.errors import SourceError, SourceNotFound, UnreadableVideo
from maskwatch.frames.base import is_single_picture
from maskwatch.frames.sampling import Sampler
from maskwatch.frames.video import VideoSource
from maskwatch.types import Frame
from tests.frames.clips import number_of, picture, write_clip, write_sound
from tests.shared import shared

Matrix = tuple[int, int, int, int]
TURNS: dict[int, Matrix] = {
    0: (1, 0, 0, 1),
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
}
"""The display matrices of clockwise turns."""

LATE = [6 + i / 10 for i in range(30)]
"""Times of frames as in the second file of a recorder that lets its clock run on."""

FRONT = {"movflags": "+faststart"}  # the index of an MP4 at its front, so that a cut leaves it


def frames_of(path: Path, **options: object) -> list[Frame]:
    with VideoSource(path, **options) as source:  # type: ignore[arg-type]
        return list(source)


def read_until_error(path: Path) -> tuple[list[Frame], UnreadableVideo]:
    frames: list[Frame] = []
    with VideoSource(path) as source, pytest.raises(UnreadableVideo) as caught:
        frames.extend(source)  # keeps what came before the error
    return frames, caught.value


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mp4", "mpeg4"),
        ("a.avi", "mpeg4"),
        ("a.mkv", "libx264"),
        ("a.mov", "mpeg4"),
        ("a.webm", "libvpx"),
        ("a.ts", "mpeg2video"),
        ("a.mp4", "libx265"),
    ],
)
def test_every_frame_in_order_with_its_time(tmp_path: Path, name: str, codec: str) -> None:
    fps = 25 if codec == "mpeg2video" else 10
    path = write_clip(tmp_path / name, 20, fps=fps, codec=codec)
    with VideoSource(path) as source:
        frames = list(source)
        assert source.frame_count == 20
        assert source.fps == pytest.approx(fps)
        assert (source.is_live, source.damaged) == (False, 0)
    assert [number_of(frame.image) for frame in frames] == list(range(20))
    assert [frame.index for frame in frames] == list(range(20))
    assert [frame.t for frame in frames] == pytest.approx([i / fps for i in range(20)], abs=2e-3)
    assert {frame.source for frame in frames} == {str(path)}
    assert frames[0].image.shape == (48, 64, 3)
    assert frames[0].image.flags.c_contiguous


@pytest.mark.parametrize("spacing_s", [0.0, 0.2])
@pytest.mark.parametrize("threads", [1, 4])
def test_h264_in_avi_keeps_its_times_although_avi_states_none(
    tmp_path: Path, spacing_s: float, threads: int
) -> None:
    path = write_clip(tmp_path / "a.avi", 20, codec="libx264", b_frames=2)
    frames = frames_of(path, spacing_s=spacing_s, threads=threads)
    assert [number_of(frame.image) for frame in frames] == list(range(20))
    assert [frame.t for frame in frames] == pytest.approx([i / 10 for i in range(20)])


@pytest.mark.parametrize("spacing_s", [0.0, 0.2])
@pytest.mark.parametrize(("start_s", "first"), [(0.0, 0), (0.5, 5)])
def test_what_was_cut_away_from_a_video_is_not_looked_at(
    tmp_path: Path, start_s: float, first: int, spacing_s: float
) -> None:
    """Telephones trim recordings by an edit list, and leave the pictures in the file."""
    path = write_clip(tmp_path / "a.mp4", 20, codec="libx264", b_frames=2)
    data = bytearray(path.read_bytes())
    edit = data.index(b"elst") + 12  # after version, flags and number: duration, start of media
    (start,) = struct.unpack(">i", data[edit + 4 : edit + 8])
    unit_s = 1 / struct.unpack(">I", data[(at := data.index(b"mdhd") + 16) : at + 4])[0]
    data[edit : edit + 8] = struct.pack(">Ii", 1000, start + round(start_s / unit_s))
    path.write_bytes(data)
    frames = frames_of(path, spacing_s=spacing_s)
    assert [frame.index for frame in frames] == list(range(10))
    assert [frame.t for frame in frames] == pytest.approx([i / 10 for i in range(10)], abs=2e-3)
    assert number_of(frames[0].image) == first


def test_colours_come_out_as_bgr(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        red = np.full((48, 64, 3), (10, 20, 230), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(red, format="bgr24")))
        container.mux(stream.encode())
    (frame,) = frames_of(tmp_path / "a.mp4")
    assert np.abs(frame.image.astype(int) - (10, 20, 230)).max() <= 6


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    times = [0, 0.04, 0.5, 0.54, 2.0, 2.04, 2.08, 5.0]
    path = write_clip(tmp_path / "a.mkv", times=times, codec="libx264")
    assert [frame.t for frame in frames_of(path)] == pytest.approx(times, abs=2e-3)


def test_odd_sizes_have_no_padding(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 5, size=(70, 50))
    frames = frames_of(path)
    assert frames[3].image.shape == (50, 70, 3)
    assert number_of(frames[3].image) == 3


def test_unwanted_frames_are_left_out_and_numbers_stay_true(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 20, codec="libx264")
    frames = frames_of(path, sampler=Sampler(every=6))
    assert [frame.index for frame in frames] == [0, 6, 12, 18]
    assert [number_of(frame.image) for frame in frames] == [0, 6, 12, 18]
    frames = frames_of(path, sampler=Sampler(max_fps=5))
    assert [frame.index for frame in frames] == list(range(0, 20, 2))


@pytest.mark.parametrize("threads", [1, 4])
def test_the_number_of_threads_changes_nothing(tmp_path: Path, threads: int) -> None:
    path = write_clip(tmp_path / "a.mp4", 20, codec="libx264")
    frames = frames_of(path, threads=threads)
    assert [number_of(frame.image) for frame in frames] == list(range(20))


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize(
    ("name", "codec", "b_frames", "passes"),
    [
        ("a.mp4", "libx264", 2, True),
        ("a.mkv", "libx264", 2, True),
        ("a.ts", "libx264", 2, True),
        ("a.mp4", "libx265", 0, True),  # has such pictures by itself
        ("a.mp4", "libx264", 0, False),
        ("a.mp4", "mpeg4", 0, False),
        ("a.webm", "libvpx", 0, False),
    ],
)
def test_pictures_between_looks_that_no_other_builds_on_are_passed_over(
    tmp_path: Path, name: str, codec: str, b_frames: int, passes: bool, threads: int
) -> None:
    path = write_clip(tmp_path / name, 30, fps=25, codec=codec, b_frames=b_frames)
    with VideoSource(path, spacing_s=0.1, threads=threads) as source:  # a look at every third
        frames = list(source)
        assert source.damaged == 0
    assert [frame.index for frame in frames] == list(range(30))
    assert [frame.t for frame in frames] == pytest.approx([i / 25 for i in range(30)], abs=2e-3)
    seen = [frame for frame in frames if frame.has_image]
    assert [number_of(frame.image) for frame in seen] == [frame.index for frame in seen]
    assert set(range(0, 30, 3)) <= {frame.index for frame in seen}
    assert (len(seen) < 30) is passes


def test_every_picture_is_decoded_for_who_looks_at_every_frame(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 20, fps=10, codec="libx264")
    assert [frame.has_image for frame in frames_of(path)] == [True] * 20
    assert [frame.has_image for frame in frames_of(path, spacing_s=0.1)] == [True] * 20


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_damage_among_what_is_passed_over_leaves_the_rest_in_its_place(
    tmp_path: Path, b_frames: int, threads: int
) -> None:
    path = tmp_path / "a.mp4"
    write_clip(path, 30, fps=25, codec="libx264", options=FRONT, b_frames=b_frames)
    damage(path, 2 / 5, 1 / 5)
    with VideoSource(path, spacing_s=0.1, threads=threads) as source:
        frames = list(source)
        assert source.damaged > 0
        assert source.damaged + len(frames) == 30
    for frame in frames[:5] + frames[-5:]:
        assert frame.t == pytest.approx(frame.index / 25, abs=2e-3)
        assert not frame.has_image or number_of(frame.image) == frame.index


def test_a_video_without_any_whole_picture_is_refused_however_rarely_one_looks(
    tmp_path: Path,
) -> None:
    path = write_clip(tmp_path / "a.mp4", 30, fps=25, codec="libx264", options=FRONT, b_frames=2)
    damage(path, 0.0, 1.0)
    with pytest.raises(UnreadableVideo, match="no frame of it can be decoded"):
        frames_of(path, spacing_s=0.1)


@pytest.mark.parametrize(
    ("turn", "white_edge"), [(0, "left"), (90, "top"), (180, "right"), (270, "bottom")]
)
def test_the_rotation_of_a_phone_is_carried_out(tmp_path: Path, turn: int, white_edge: str) -> None:
    path = write_clip(tmp_path / "a.mp4", 3)
    write_display_matrix(path, TURNS[turn])
    image = frames_of(path)[1].image
    assert image.shape == ((48, 64, 3) if turn in (0, 180) else (64, 48, 3))
    edges = {
        "left": image[12:-12, 2],
        "right": image[12:-12, -3],
        "top": image[2, 12:-12],
        "bottom": image[-3, 12:-12],
    }
    bright = [edge for edge, pixels in edges.items() if pixels.mean() > 240]
    assert bright == [white_edge]
    assert image.flags.c_contiguous


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_what_people_turn_is_turned_after_that(tmp_path: Path, turn: int) -> None:
    path = write_clip(tmp_path / "a.mp4", 3)
    write_display_matrix(path, TURNS[90])
    by_itself, by_people = (frames_of(path, turn=each)[1].image for each in (0, turn))
    np.testing.assert_array_equal(by_people, np.rot90(by_itself, -turn // 90))
    assert by_people.flags.c_contiguous


@pytest.mark.parametrize(
    ("matrix", "swaps_sides", "mirrors"),
    [
        ((-1, 0, 0, 1), False, "x"),  # front cameras
        ((1, 0, 0, -1), False, "y"),
        ((0, 1, 1, 0), True, ""),
        ((0, -1, -1, 0), True, "xy"),
    ],
)
def test_a_mirrored_video_is_mirrored_and_not_turned(
    tmp_path: Path, matrix: Matrix, swaps_sides: bool, mirrors: str
) -> None:
    path = write_clip(tmp_path / "a.mp4", 3)
    expected = [frame.image for frame in frames_of(path)]
    write_display_matrix(path, matrix)
    if swaps_sides:
        expected = [image.transpose(1, 0, 2) for image in expected]
    if "x" in mirrors:
        expected = [np.fliplr(image) for image in expected]
    if "y" in mirrors:
        expected = [np.flipud(image) for image in expected]
    images = [frame.image for frame in frames_of(path)]
    np.testing.assert_array_equal(images, expected)
    assert all(image.flags.c_contiguous for image in images)


@pytest.mark.parametrize("pictures", [1, 5])
def test_motion_jpeg_without_a_container(tmp_path: Path, pictures: int) -> None:
    path = tmp_path / "a.mjpeg"
    path.write_bytes(b"".join(jpeg(i) for i in range(pictures)))
    frames = frames_of(path)
    assert [number_of(frame.image) for frame in frames] == list(range(pictures))
    assert [frame.t for frame in frames] == pytest.approx([i / 25 for i in range(pictures)])


@pytest.mark.parametrize(
    "broken",
    [
        lambda whole: whole[:-100],  # of the pixels, after all the tables
        lambda whole: whole[:-100] + b"\xff\xd9",
        lambda whole: whole[:-100] + bytes(100),
    ],
    ids=["cut", "cut and closed", "cut and padded"],
)
def test_motion_jpeg_that_is_not_whole_is_counted_and_left_out(
    tmp_path: Path, broken: Callable[[bytes], bytes]
) -> None:
    pictures = [jpeg(0), jpeg(1), broken(jpeg(2)), jpeg(3)]
    with VideoSource(write_mpjpeg(tmp_path / "a.mpjpeg", pictures)) as source:
        assert [number_of(frame.image) for frame in source] == [0, 1, 3]
        assert source.damaged == 1


@pytest.mark.parametrize(
    "odd",
    [
        lambda whole: whole + bytes(300),
        lambda whole: whole + b"\xff" * 7,
        lambda whole: whole.removesuffix(b"\xff\xd9"),
    ],
    ids=["padded", "filled", "without an end"],
)
def test_motion_jpeg_as_some_cameras_send_it_is_whole(
    tmp_path: Path, odd: Callable[[bytes], bytes]
) -> None:
    path = write_mpjpeg(tmp_path / "a.mpjpeg", [odd(jpeg(i)) for i in range(4)])
    with VideoSource(path) as source:
        assert [number_of(frame.image) for frame in source] == [0, 1, 2, 3]
        assert source.damaged == 0


def write_mpjpeg(path: Path, pictures: Sequence[bytes]) -> Path:
    """Pictures as a network camera sends them."""
    head = "--b\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n"
    path.write_bytes(
        b"".join(head.format(len(each)).encode() + each + b"\r\n" for each in pictures)
    )
    return path


def test_the_exif_of_motion_jpeg_turns_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    (tmp_path / "a.mjpeg").write_bytes(jpeg(0, exif=exif) * 2)
    for frame in frames_of(tmp_path / "a.mjpeg"):
        assert frame.image.shape == (64, 48, 3)
        assert frame.image[2, 12:-12].mean() > 240  # the white that was at the left


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mkv", "libx264"),
        ("a.webm", "libvpx"),
        ("a.wmv", "wmv2"),
        ("a.mp4", "libx264"),
        ("a.ts", "libx264"),
    ],
)
def test_a_recording_that_does_not_start_at_0_is_whole(
    tmp_path: Path, name: str, codec: str
) -> None:
    path = write_clip(tmp_path / name, times=LATE, codec=codec)
    with VideoSource(path) as source:
        frames = list(source)
        assert source.frame_count == pytest.approx(30, abs=1)
    assert [number_of(frame.image) for frame in frames] == list(range(30))
    assert [frame.t for frame in frames] == pytest.approx([i / 10 for i in range(30)], abs=2e-3)


def test_a_late_matroska_recording_whose_length_is_counted_from_its_start(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", times=LATE, codec="libx264")
    ours, others = b"00:00:09.000000000", b"00:00:03.000000000"  # as mkvmerge counts
    data = path.read_bytes()
    assert data.count(ours) == 1
    path.write_bytes(data.replace(ours, others))
    with VideoSource(path) as source:
        assert source.frame_count == len(list(source)) == 30


def test_a_late_matroska_recording_that_is_cut_off(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", times=LATE, codec="mpeg4", size=(320, 240))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * 0.6)])
    frames, error = read_until_error(path)
    assert 10 < len(frames) < 25
    assert f"cut off after {len(frames)} frames ({frames[-1].t:.1f} of 3.0 s)" in error.reason


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mp4", "mpeg4"), ("a.mkv", "mpeg4"), ("a.avi", "mpeg4")],
)
@pytest.mark.parametrize("share", [0.4, 0.8])
def test_a_cut_off_video_gives_what_it_has_and_then_says_so(
    tmp_path: Path, name: str, codec: str, share: float
) -> None:
    options = FRONT if name.endswith("mp4") else None
    path = write_clip(tmp_path / name, 30, codec=codec, options=options, size=(320, 240))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    frames, error = read_until_error(path)
    assert 3 <= len(frames) < 30
    assert [number_of(frame.image) for frame in frames] == list(range(len(frames)))
    assert error.source == str(path)
    assert f"cut off after {len(frames)} frames" in error.reason
    assert f"({frames[-1].t:.1f} of 3.0 s)" in error.reason


def test_an_mp4_without_its_index_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 30)  # the index comes last
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UnreadableVideo, match="not a video, or damaged from the start"):
        frames_of(path)


def damage(path: Path, start: float, size: float) -> None:
    """Writes noise over a stretch of an MP4's pictures; both numbers are shares of them."""
    data = bytearray(path.read_bytes())
    first = data.index(b"mdat") + 4
    pictures = len(data) - first
    begin, length = first + int(start * pictures), int(size * pictures)
    noise = np.random.default_rng(0).integers(0, 256, length, np.uint8)
    data[begin : begin + length] = noise.tobytes()
    path.write_bytes(data)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_damage_in_the_middle_is_counted_and_passed_over(tmp_path: Path, codec: str) -> None:
    path = write_clip(tmp_path / "a.mp4", 30, codec=codec, options=FRONT, size=(320, 240))
    damage(path, 2 / 5, 1 / 5)
    with VideoSource(path) as source:
        frames = list(source)
        assert 0 < source.damaged < 20
        assert source.damaged + len(frames) == 30
    # At both ends, away from the damage, the pictures are the right ones at the right places.
    for part in (frames[:5], frames[-5:]):
        assert [number_of(frame.image) for frame in part] == [frame.index for frame in part]
        assert [frame.t for frame in part] == pytest.approx([frame.index / 10 for frame in part])
    assert (frames[0].index, frames[-1].index) == (0, 29)


def test_any_number_of_unreadable_stretches_is_passed_over(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.ts", 3, fps=25, codec="mpeg2video").read_bytes()
    path = tmp_path / "b.ts"
    path.write_bytes((whole + bytes(70_000)) * 110)  # what is read at once is 64 KiB
    assert len(frames_of(path)) == 330


def test_a_sample_with_nothing_in_it_does_not_end_the_video(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 20, codec="mpeg4")
    data = bytearray(path.read_bytes())
    sizes = data.index(b"stsz") + 16  # past version, the size that all have and their number
    data[sizes + 4 * 9 : sizes + 4 * 10] = bytes(4)
    path.write_bytes(data)
    with VideoSource(path) as source:
        frames = list(source)
        assert source.damaged + len(frames) == 20
    assert frames[-1].index > 9


@pytest.mark.parametrize("spacing_s", [0.0, 0.1])
@pytest.mark.parametrize(("codec", "b_frames"), [("libx264", 0), ("libx264", 2), ("libx265", 0)])
def test_recordings_that_were_joined_end_to_end_are_seen_to_the_end(
    tmp_path: Path, codec: str, b_frames: int, spacing_s: float
) -> None:
    path = write_clip(tmp_path / "a.ts", 30, fps=25, codec=codec, b_frames=b_frames)
    path.write_bytes(path.read_bytes() * 3)
    with VideoSource(path, spacing_s=spacing_s) as source:
        frames = list(source)
        assert source.damaged == 0
    assert [frame.index for frame in frames] == list(range(90))
    assert [frame.t for frame in frames] == pytest.approx([i / 25 for i in range(90)], abs=2e-3)
    seen = [frame for frame in frames if frame.has_image]
    assert [number_of(frame.image) for frame in seen] == [frame.index % 30 for frame in seen]
    assert np.diff([frame.index for frame in seen]).max() <= 3


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(UnreadableVideo, match="no video stream"):
        frames_of(write_sound(tmp_path / "a.mp4"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty file (0 bytes)"), (b"no video " * 500, "not a video, or damaged from the start")],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(UnreadableVideo) as caught:
        frames_of(path)
    assert (caught.value.source, caught.value.reason) == (str(path), reason)


def test_a_video_of_which_nothing_can_be_decoded(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 10, codec="libx264", options=FRONT)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = b"\xff" * (len(data) - start)
    path.write_bytes(data)
    with pytest.raises(UnreadableVideo, match="no frame of it can be decoded"):
        frames_of(path)


def test_the_content_counts_not_the_name(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 5).rename(tmp_path / "a.jpg")
    assert len(frames_of(path)) == 5


@pytest.mark.parametrize("name", ["concat:a.mp4", "http:a.mp4", "a%03d.mp4", "ä b.mp4"])
def test_a_name_is_never_taken_for_a_protocol(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / "a.mp4", 5).rename(tmp_path / name)
    assert len(frames_of(path)) == 5


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="no such file"):
        frames_of(tmp_path / "a.mp4")


def test_a_file_that_may_not_be_read(
    public_folder: Path, without_privileges: Callable[[], AbstractContextManager[None]]
) -> None:
    path = write_clip(public_folder / "a.mp4", 3)
    path.chmod(0)
    with without_privileges(), pytest.raises(SourceError, match="permission denied"):
        frames_of(path)


def test_iterating_without_opening_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="with"):
        next(iter(VideoSource(tmp_path / "a.mp4")))


def test_leaving_early_is_fine(tmp_path: Path) -> None:
    with VideoSource(write_clip(tmp_path / "a.mp4", 20)) as source:
        assert next(iter(source)).index == 0


@pytest.mark.parametrize(
    ("clip", "frames", "fps", "shape"),
    [
        ("five_people_donning", 414, 25, (506, 960, 3)),
        ("corridor_cctv", 311, 30, (1080, 1920, 3)),
        ("laptop_mask", 244, 25, (404, 720, 3)),
        ("bearded_no_mask", 206, 25, (720, 1280, 3)),
    ],
)
def test_real_clips_decode_whole(
    clip: str, frames: int, fps: int, shape: tuple[int, int, int]
) -> None:
    path = shared(f"videos/{clip}.mp4")
    with VideoSource(path, sampler=Sampler(every=frames - 1)) as source:
        first, last = source
        assert (source.frame_count, source.damaged) == (frames, 0)
    assert (first.index, last.index) == (0, frames - 1)
    assert last.t == pytest.approx((frames - 1) / fps, abs=0.002)
    assert last.image.shape == shape


def jpeg(i: int, **options: object) -> bytes:
    """Frame i of a clip as a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(picture(i)[:, :, ::-1]).save(file, "JPEG", **options)
    return file.getvalue()


def write_display_matrix(path: Path, matrix: Matrix) -> None:
    """Have an MP4 ask its players to turn or mirror the picture (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 40  # past version, times, ids, layer and volume
    for place, value in zip((0, 4, 12, 16), matrix, strict=True):
        data[start + place : start + place + 4] = (value << 16).to_bytes(4, "big", signed=True)
    path.write_bytes(data)


def test_a_header_that_counts_the_first_fragment_alone_makes_no_single_picture(
    tmp_path: Path,
) -> None:
    options = {"movflags": "frag_every_frame"}
    path = write_clip(tmp_path / "a.mp4", 20, codec="libx264", options=options)
    with VideoSource(path) as source:
        assert source.frame_count == 20
        assert not is_single_picture(source)


@pytest.mark.parametrize(("name", "codec"), [("a.wmv", "wmv2"), ("a.mkv", "mpeg4")])
@pytest.mark.parametrize("fps", [1, 2])
def test_a_whole_recording_of_rare_pictures_is_not_cut_off(
    tmp_path: Path, name: str, codec: str, fps: int
) -> None:
    with VideoSource(write_clip(tmp_path / name, 20, fps=fps, codec=codec)) as source:
        assert len(list(source)) == 20


@pytest.mark.parametrize(
    ("pixel_aspect", "size"),
    [
        (None, (64, 48)),
        (Fraction(1, 1), (64, 48)),
        (Fraction(4, 3), (85, 48)),
        (Fraction(1, 2), (64, 96)),
        (Fraction(12, 11), (64, 48)),  # hardly to be seen
        (Fraction(200, 1), (64, 48)),  # a slip
    ],
)
def test_pixels_that_are_not_square_become_so(
    tmp_path: Path, pixel_aspect: Fraction | None, size: tuple[int, int]
) -> None:
    path = write_clip(tmp_path / "a.mp4", 3, codec="libx264", pixel_aspect=pixel_aspect)
    with VideoSource(path) as source:
        images = [frame.image for frame in source]
    assert [image.shape for image in images] == 3 * [(size[1], size[0], 3)]
    assert [number_of(image) for image in images] == [0, 1, 2]


IN_THREADS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from maskwatch.frames.video import VideoSource

with VideoSource(Path(sys.argv[1])) as source, ThreadPoolExecutor(4) as pool:
    means = [pool.submit(lambda frame: frame.image.mean(), frame) for frame in source]
print(len([each.result() for each in means]))
"""


def test_pictures_are_made_in_whatever_threads_ask_for_them(tmp_path: Path) -> None:
    """In a process of its own, which FFmpeg's converter would crash."""
    path = write_clip(tmp_path / "a.mp4", 120, size=(1280, 720))
    command = [sys.executable, "-c", IN_THREADS, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "120\n")
