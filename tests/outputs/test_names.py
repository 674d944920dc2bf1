import os
from pathlib import Path

import pytest

from maskwatch.frames.discover import SourceSpec
from maskwatch.frames.sniff import SourceKind
from maskwatch.outputs.names import as_picture, plan_outputs


def image(path: str | Path) -> SourceSpec:
    return SourceSpec(str(path), SourceKind.IMAGE, str(path))


def video(path: str | Path) -> SourceSpec:
    return SourceSpec(str(path), SourceKind.VIDEO, str(path))


def stream(url: str) -> SourceSpec:
    return SourceSpec(url, SourceKind.STREAM, url)


def names(specs: list[SourceSpec], folder: Path = Path("out")) -> list[str]:
    return [path.name for path in plan_outputs(specs, folder)]


def test_files_keep_their_names() -> None:
    specs = [image("a/door.jpg"), image("b/gate.png"), video("b/hall.avi"), image("x.webp")]
    assert plan_outputs(specs, Path("out")) == [
        Path("out/door.jpg"),
        Path("out/gate.png"),
        Path("out/hall.mp4"),
        Path("out/x.jpg"),
    ]


def test_equal_names_get_the_folders_above_as_far_as_it_takes() -> None:
    specs = [image("a/door.jpg"), image("b/door.jpg"), image("/a/x/1.jpg"), image("/b/x/1.jpg")]
    assert names(specs) == ["a-door.jpg", "b-door.jpg", "x-1.jpg", "b-x-1.jpg"]


def test_names_that_become_equal_by_their_new_format_are_kept_apart() -> None:
    assert names([video("a/clip.mov"), video("b/clip.avi")]) == ["a-clip.mp4", "b-clip.mp4"]
    assert names([image("a.webp"), image("a.jpg")]) == ["a-webp.jpg", "a-jpg.jpg"]


def test_files_of_one_folder_that_differ_in_their_extension_can_be_told_apart() -> None:
    beside = [video("a/clip.mov"), video("a/clip.avi"), video("a/clip")]
    assert names(beside) == ["clip-mov.mp4", "clip-avi.mp4", "clip.mp4"]
    assert names([*beside[:2], video("b/clip.mov"), video("b/clip.avi")]) == [
        *("a-clip-mov.mp4", "a-clip-avi.mp4", "b-clip-mov.mp4", "b-clip-avi.mp4")
    ]


def test_ten_thousand_names_take_no_more_comparisons_than_they_need() -> None:
    """Each name compared with each would be a hundred million."""
    many = [image(f"{place}/{number}.jpg") for place in "ab" for number in range(5000)]
    assert len(set(names(many))) == 10_000


def test_names_that_differ_in_case_only_are_kept_apart() -> None:
    """Some file systems would take them for one."""
    assert len({name.casefold() for name in names([image("a/X.jpg"), image("b/x.jpg")])}) == 2


def test_a_path_given_twice_is_written_twice() -> None:
    assert names([image("a.jpg"), image("a.jpg")]) == ["a.jpg", "a-2.jpg"]


@pytest.mark.parametrize("make", [image, video])
def test_no_output_is_an_input(tmp_path: Path, make: object) -> None:
    """Also where the folder of the sources is the folder of the outputs."""
    inputs = [tmp_path / "a.jpg", tmp_path / "a-annotated.jpg", tmp_path / "b.mp4"]
    for path in inputs:
        path.touch()
    specs = [image(inputs[0]), image(inputs[1]), video(inputs[2])]
    planned = plan_outputs(specs, tmp_path)
    assert len(set(planned)) == 3
    assert not set(planned) & set(inputs)


def test_an_input_reached_through_a_link_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (planned,) = plan_outputs([image(tmp_path / "link" / "a.jpg")], tmp_path / "real")
    assert planned == tmp_path / "real" / "a-annotated.jpg"


def test_an_input_is_known_by_whatever_path_it_is_reached(tmp_path: Path) -> None:
    """As where one folder is mounted twice, or a file has two names."""
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    (tmp_path / "in" / "a.jpg").touch()
    (tmp_path / "out" / "a.jpg").hardlink_to(tmp_path / "in" / "a.jpg")
    specs = [image(tmp_path / "in" / "a.jpg")]
    for own in ((), ("a.jpg",)):
        (planned,) = plan_outputs(specs, tmp_path / "out", own)
        assert planned.name == "a-annotated.jpg"


def test_only_what_is_known_to_be_ours_is_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.jpg").touch()
    (out / "b.jpg").symlink_to("nowhere")
    specs = [image("cam/a.jpg"), image("cam/b.jpg"), image("cam/c.jpg")]
    assert names(specs, out) == ["a-annotated.jpg", "b-annotated.jpg", "c.jpg"]
    (out / "a-annotated.jpg").touch()
    assert names(specs[:1], out) == ["a-annotated-2.jpg"]
    (planned,) = plan_outputs(specs[:1], out, ["a.jpg"])
    assert planned == out / "a.jpg"


def test_names_are_no_longer_than_a_disk_takes_them(tmp_path: Path) -> None:
    long = "\u00fc" * 125
    given = tmp_path / f"{long}.jpg"
    given.touch()
    clips = [video(f"a/{long}bcde"), video(f"b/{long}bcde.ts")]
    specs = [image(given), *clips, stream(f"rtsp://{long}")]
    for _ in range(2):
        planned = plan_outputs(specs, tmp_path)
        for path in planned:
            path.touch()  # which says whether it can be
        assert len(set(planned)) == 4
        assert given not in planned


def test_a_folder_that_may_not_be_looked_into_is_no_obstacle(tmp_path: Path) -> None:
    """Writing there says what is wrong, of each file."""
    if os.geteuid() == 0:
        pytest.skip("root may look everywhere")
    (tmp_path / "closed").mkdir(mode=0)
    assert names([image("a.jpg")], tmp_path / "closed") == ["a.jpg"]


def test_addresses_become_file_names_without_user_and_password() -> None:
    assert names([stream("rtsp://viewer:***@cam-3.local:554/live/1?token=***")]) == [
        "cam-3.local-554-live-1-token.mp4"
    ]
    assert names([SourceSpec("0", SourceKind.CAMERA, "0")]) == ["camera-0.mp4"]


def test_what_was_recorded_from_a_camera_stays_whoever_wrote_it(tmp_path: Path) -> None:
    camera = SourceSpec("camera 0", SourceKind.CAMERA, "0")
    specs = [camera, stream("rtsp://cam/hall"), video("in/clip.avi")]
    for name in ("camera-0.mp4", "camera-0-2.mp4", "cam-hall.mp4", "clip.mp4"):
        (tmp_path / name).touch()
    own = {"camera-0.mp4", "cam-hall.mp4", "clip.mp4"}
    assert [path.name for path in plan_outputs(specs, tmp_path, own)] == [
        "camera-0-3.mp4",
        "cam-hall-2.mp4",
        "clip.mp4",
    ]


@pytest.mark.parametrize(
    ("planned", "name"),
    [
        ("host-photo.jpg.mp4", "host-photo.jpg"),
        ("host-photo.PNG.mp4", "host-photo.png"),
        ("host-photo.webp.mp4", "host-photo.webp.jpg"),
        ("10.0.0.5-snapshot.mp4", "10.0.0.5-snapshot.jpg"),
        ("host-taken.jpg.mp4", "host-taken-2.jpg"),
        ("host-there.jpg.mp4", "host-there-2.jpg"),
    ],
)
def test_what_turns_out_to_be_a_picture_gets_the_name_of_one(
    tmp_path: Path, planned: str, name: str
) -> None:
    (tmp_path / "host-there.jpg").touch()
    others = [tmp_path / planned, tmp_path / "host-taken.jpg"]
    assert as_picture(tmp_path / planned, others) == tmp_path / name
