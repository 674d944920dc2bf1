"""Streams, recordings and pictures from a real web server on this machine."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwatch.errors import SourceError, SourceLost
from maskwatch.frames.camera import live_input
from maskwatch.frames.images import read_image
from maskwatch.frames.sampling import Sampler
from maskwatch.runtime.live.backoff import ReconnectPolicy
from maskwatch.runtime.live.health import Connection, SourceHealth
from maskwatch.runtime.live.source import LiveOptions, LiveSource
from tests.frames.clips import number_of, picture, write_clip, write_sound
from tests.servers.local import CHUNKED, UNTOLD, WebServer, web_server

PATIENT = ReconnectPolicy(max_attempts=8, first_delay_s=0.1, max_delay_s=0.5)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebServer]:
    with web_server(tmp_path) as running:
        running.jpegs = [jpeg(i) for i in range(10)]
        yield running


def jpeg(i: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture(i)[:, :, ::-1]).save(file, "JPEG", quality=95)
    return file.getvalue()


def source_at(
    url: str,
    *,
    sampler: Sampler | None = None,
    on_health: Callable[[SourceHealth], None] | None = None,
    read_timeout_s: float = 10.0,
    policy: ReconnectPolicy | None = None,
) -> LiveSource:
    options = LiveOptions(read_timeout_s=read_timeout_s, reconnect=policy or ReconnectPolicy())
    return LiveSource(live_input(url), sampler=sampler, options=options, on_health=on_health)


def test_mjpeg_is_live(server: WebServer) -> None:
    with source_at(f"{server.url}/cam.mjpg") as source:
        assert (source.is_live, source.frame_count) == (True, None)
        frames = [frame for frame, _ in zip(source, range(5), strict=False)]
    assert frames[0].image.shape == (48, 64, 3)
    assert all(0 <= number_of(frame.image) < 10 for frame in frames)
    assert [frame.t for frame in frames] == sorted({frame.t for frame in frames})
    assert frames[0].t == 0
    assert frames[0].captured_at is not None


def test_a_slow_reader_of_mjpeg_misses_frames_and_does_not_fall_behind(server: WebServer) -> None:
    with source_at(f"{server.url}/cam.mjpg") as source:
        frames = iter(source)
        first = next(frames)
        time.sleep(1.0)
        second, third = next(frames), next(frames)
    assert second.index - first.index > 5
    assert second.t - first.t > 0.5
    assert third.index > second.index


def test_a_video_file_is_read_whole_however_slowly(server: WebServer) -> None:
    write_clip(server.folder / "clip.mp4", 12, codec="libx264")
    with source_at(f"{server.url}/clip.mp4") as source:
        assert (source.is_live, source.frame_count, source.fps) == (False, 12, 10.0)
        frames = []
        for frame in source:
            time.sleep(0.02)
            frames.append(frame)
    assert [number_of(frame.image) for frame in frames] == list(range(12))
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.t for frame in frames] == pytest.approx([i / 10 for i in range(12)])


def test_where_the_server_lets_nobody_jump_in_a_file_that_is_said(server: WebServer) -> None:
    """As Python's own does not, while the index of the file is at its end."""
    write_clip(server.folder / "clip.mp4", 60, codec="libx264", size=(1280, 720))
    with (
        source_at(f"{server.url}/clip.mp4") as source,
        pytest.raises(SourceError, match="does not let one jump in the file: download it first"),
    ):
        list(source)


def test_a_sampler_applies_to_a_video_file(server: WebServer) -> None:
    write_clip(server.folder / "clip.mkv", 12)
    with source_at(f"{server.url}/clip.mkv", sampler=Sampler(every=5)) as source:
        assert [number_of(frame.image) for frame in source] == [0, 5, 10]


def test_a_picture_is_one_frame_upright(server: WebServer) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.fromarray(picture(5)).save(server.folder / "photo.jpg", exif=exif, quality=95)
    with source_at(f"{server.url}/photo.jpg?size=full") as source:
        (frame,) = source
        assert (source.is_live, source.frame_count) == (False, 1)
    assert frame.image.shape == (64, 48, 3)
    assert frame.image[-3, 10:-10].mean() > 240


@pytest.mark.parametrize("size", [(64, 48), (640, 480)])
@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.tif", "photo"])
@pytest.mark.parametrize("how", [CHUNKED, UNTOLD])
def test_a_picture_of_a_length_that_nobody_says_is_read(
    server: WebServer, how: str, name: str, size: tuple[int, int]
) -> None:
    """Programs in cameras send it as they make it."""
    image = picture(5, size)
    Image.fromarray(image).save(server.folder / name, None if "." in name else "JPEG")
    with source_at(f"{server.url}{how}{name}") as source:
        (frame,) = source
    assert frame.image.shape == image.shape
    assert number_of(frame.image) == 5


@pytest.mark.parametrize("suffix", ["png", "webp", "bmp"])
def test_other_pictures_arrive_unchanged(server: WebServer, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8)
    Image.fromarray(noise).save(server.folder / f"a.{suffix}", lossless=True)
    with source_at(f"{server.url}/a.{suffix}") as source:
        (frame,) = source
    assert np.array_equal(frame.image, noise[:, :, ::-1])


@pytest.mark.parametrize("suffix", ["gif", "png", "ico"])
def test_what_ffmpeg_would_play_as_a_video_is_the_picture_that_it_is_as_a_file(
    server: WebServer, suffix: str
) -> None:
    file = server.folder / f"a.{suffix}"
    first, second = (Image.fromarray(picture(i)) for i in (5, 9))
    animated = {"save_all": True, "append_images": [second]} if suffix != "ico" else {}
    first.save(file, **animated)
    with source_at(f"{server.url}/{file.name}") as source:
        (frame,) = source
    assert np.array_equal(frame.image, read_image(file))


def test_a_finished_hls_playlist_is_a_recording(server: WebServer) -> None:
    write_hls(server.folder, finished=True)
    with source_at(f"{server.url}/list.m3u8") as source:
        assert source.is_live is False
        assert [number_of(frame.image) for frame in source] == list(range(30))


def test_an_open_hls_playlist_is_live_and_runs_at_its_own_speed(server: WebServer) -> None:
    write_hls(server.folder, finished=False)
    with source_at(f"{server.url}/list.m3u8") as source:
        assert source.is_live is True
        frames = [frame for frame, _ in zip(source, range(8), strict=False)]
    steps = np.diff([frame.index for frame in frames])
    assert steps.max() <= 3  # unpaced, all of it would be gone after the first frame
    assert frames[-1].t > 0.4


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("gone.mp4", "not found on the server (404)"),
        ("page.html", "not a picture or video, or damaged from the start"),
        ("sound.mp4", "there is no video in it"),
    ],
)
def test_what_is_no_source_says_why(server: WebServer, path: str, reason: str) -> None:
    (server.folder / "page.html").write_text("<html>" + "hello " * 2000)
    write_sound(server.folder / "sound.mp4")
    with pytest.raises(SourceError) as caught, source_at(f"{server.url}/{path}"):
        pass
    assert caught.value.source == f"{server.url}/{path}"
    assert caught.value.reason == f"cannot be opened: {reason}"


@pytest.mark.parametrize(
    ("scheme", "reason"),
    [
        ("https", "no encrypted connection (TLS) can be made; is it http://?"),
        ("rtsps", "no encrypted connection (TLS) can be made; is it rtsp://?"),
        ("rtsp", "no RTSP camera answers there, or it broke off"),
    ],
)
def test_an_address_of_the_wrong_kind_says_what_may_be_meant(
    server: WebServer, scheme: str, reason: str
) -> None:
    with (
        pytest.raises(SourceError) as caught,
        source_at(server.url.replace("http", scheme, 1) + "/cam.mjpg"),
    ):
        pass
    assert caught.value.reason == f"cannot be opened: {reason}"


def test_a_download_that_breaks_off_says_how_far_it_got(server: WebServer) -> None:
    clip = write_clip(
        server.folder / "clip.mp4", 30, size=(320, 240), options={"movflags": "+faststart"}
    )
    server.break_after = clip.stat().st_size // 2
    with source_at(f"{server.url}/clip.mp4") as source:
        frames = []
        with pytest.raises(SourceLost) as caught:
            frames.extend(source)
    assert 5 < len(frames) < 30
    assert caught.value.source == f"{server.url}/clip.mp4"


@pytest.mark.parametrize("how", [CHUNKED, UNTOLD])
def test_a_recording_of_a_length_that_nobody_says_is_read_whole(
    server: WebServer, how: str
) -> None:
    clip = write_clip(
        server.folder / "clip.mp4", 30, codec="libx264", options={"movflags": "+faststart"}
    )
    with source_at(f"{server.url}{how}clip.mp4") as source:
        assert [number_of(frame.image) for frame in source] == list(range(30))
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with (
        source_at(f"{server.url}{how}clip.mp4") as source,
        pytest.raises(SourceLost, match=r"cut off after \d+ frames"),
    ):
        list(source)


def test_a_password_in_a_url_shows_up_nowhere(
    server: WebServer, capfd: pytest.CaptureFixture[str]
) -> None:
    url = server.url.replace("http://", "http://admin:s3cret@") + "/gone.mjpeg?token=t0ken"
    health: list[SourceHealth] = []
    with pytest.raises(SourceError) as caught, source_at(url, on_health=health.append):
        pass
    out, err = capfd.readouterr()
    everything = f"{caught.value} {caught.value!r} {health} {out} {err}"
    assert "admin:***@" in everything
    assert "s3cret" not in everything
    assert "t0ken" not in everything
    assert (out, err) == ("", "")


def test_a_stream_that_falls_silent_is_connected_again(server: WebServer) -> None:
    health: list[SourceHealth] = []

    def note(report: SourceHealth) -> None:
        health.append(report)
        if report.connection is Connection.LOST:
            server.silent.clear()  # the camera wakes up again

    with source_at(
        f"{server.url}/cam.mjpg", on_health=note, read_timeout_s=1.0, policy=PATIENT
    ) as source:
        frames = iter(source)
        before = next(frames)
        server.silent.set()
        after = next(frame for frame in frames if len(health) > 1)
    assert after.index > before.index
    assert after.t - before.t > 1.0
    assert [report.connection.value for report in health] == ["connected", "lost", "connected"]
    assert health[1].reason == "no data for 1 s"


def test_a_server_that_goes_and_comes_back(tmp_path: Path) -> None:
    health: list[SourceHealth] = []
    with ExitStack() as stack:
        with web_server(tmp_path) as server:
            port = server.port
            server.jpegs = [jpeg(1)]
            url = f"{server.url}/cam.mjpg"
            source = stack.enter_context(source_at(url, on_health=health.append, policy=PATIENT))
            frames = iter(source)
            seen = [next(frames)]
        with web_server(tmp_path, port) as server:
            server.jpegs = [jpeg(2)]
            while number_of(seen[-1].image) != 2:
                seen.append(next(frames))
    assert [frame.index for frame in seen] == sorted({frame.index for frame in seen})
    assert [frame.t for frame in seen] == sorted({frame.t for frame in seen})
    assert [report.connection.value for report in health][:2] == ["connected", "lost"]
    assert health[1].reason == "the connection was cut"
    assert health[-1].connection is Connection.CONNECTED


def test_a_finished_hls_playlist_whose_stamps_begin_anew_is_whole(server: WebServer) -> None:
    write_hls(server.folder, finished=True)
    text = (server.folder / "list.m3u8").read_text()
    segments = text[text.index("#EXTINF") : text.index("#EXT-X-ENDLIST")]
    again = text.replace("#EXT-X-ENDLIST", f"#EXT-X-DISCONTINUITY\n{segments}#EXT-X-ENDLIST")
    (server.folder / "list.m3u8").write_text(again)
    with source_at(f"{server.url}/list.m3u8") as source:
        assert [number_of(frame.image) for frame in source] == [*range(30), *range(30)]


def write_hls(folder: Path, *, finished: bool) -> None:
    write_clip(
        folder / "list.m3u8",
        30,
        fps=10,
        codec="libx264",
        options={"hls_time": "1", "hls_list_size": "0"},
    )
    if not finished:
        text = (folder / "list.m3u8").read_text()
        (folder / "list.m3u8").write_text(text.replace("#EXT-X-ENDLIST", ""))
