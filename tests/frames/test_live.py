from __future__ import annotations

import io
import itertools
import socket
import threading
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
import numpy as np
import pytest
from PIL import Image

from maskwatch.frames.camera import live_input
from maskwatch.frames.decoder import Decoded, Decoder, Passed
from maskwatch.frames.live import LiveReader
from tests.frames.clips import number_of, picture, write_clip
from tests.servers.local import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

FRAMES = 30
SIZE = (320, 240)


def stream(
    path: Path, change: Callable[[int, bytes], bytes], codec: str = "libx264", frames: int = FRAMES
) -> Path:
    """A transport stream with a key frame every ten; `change` gets the bytes of each picture."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        video.bit_rate, video.gop_size = 4_000_000, 10
        video.codec_context.thread_count = 1
        video.options = {"tune": "zerolatency", "x264-params": "scenecut=0:sliced-threads=0"}
        packets = []
        for i in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(i, SIZE), format="bgr24")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            packets += video.encode(frame)
        for i, whole in enumerate([*packets, *video.encode(None)]):
            changed = av.Packet(change(i, bytes(whole)))
            changed.pts, changed.dts, changed.time_base = whole.pts, whole.dts, whole.time_base
            changed.stream, changed.is_keyframe = video, whole.is_keyframe
            container.mux(changed)
    return path


def half(data: bytes) -> bytes:
    """What is left of a picture of which packets were lost."""
    return data[: len(data) // 2]


def live(
    path: Path, has_missed: Callable[[], bool] = lambda: False, *, is_lossy: bool = False
) -> tuple[list[int], Decoder, list[Decoded | Passed]]:
    with av.open(str(path)) as container:
        decoder = Decoder(container, container.streams.video[0], low_delay=True)
        found = list(decoder.live(has_missed=has_missed, believes_marks=is_lossy))
        numbers = [
            number_of(each.frame.to_ndarray(format="bgr24"))
            for each in found
            if isinstance(each, Decoded)
        ]
    return numbers, decoder, found


def at_packets(wanted: Iterable[int]) -> Callable[[], bool]:
    """Packets are missed at these; the first question comes before the first packet."""

    def answers() -> Iterator[bool]:
        yield False
        yield from (i in wanted for i in range(10_000))

    said = answers()
    return lambda: next(said)


def test_a_whole_live_stream_loses_nothing(tmp_path: Path) -> None:
    numbers, decoder, found = live(stream(tmp_path / "a.ts", lambda _, data: data))
    assert numbers == list(range(FRAMES))
    assert (decoder.damaged, decoder.skipped) == (0, 0)
    assert [each.index for each in found] == numbers


def test_pictures_made_from_a_damaged_one_are_left_out_up_to_the_next_key_frame(
    tmp_path: Path,
) -> None:
    path = stream(tmp_path / "a.ts", lambda i, data: half(data) if i == 13 else data)
    numbers, decoder, found = live(path)
    assert numbers == [*range(13), *range(20, FRAMES)]
    assert decoder.damaged == 7
    assert [each.index for each in found] == numbers


def test_a_damaged_key_frame_takes_all_pictures_made_from_it_along(tmp_path: Path) -> None:
    path = stream(tmp_path / "a.ts", lambda i, data: half(data) if i == 10 else data)
    assert live(path)[0] == [*range(10), *range(20, FRAMES)]


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_pictures_made_from_one_that_cannot_be_decoded_at_all_are_left_out(
    tmp_path: Path, codec: str
) -> None:
    path = stream(tmp_path / "a.ts", lambda i, data: data[:8] if i == 13 else data, codec)
    numbers, decoder, _ = live(path)
    assert numbers == [*range(13), *range(20, FRAMES)]
    assert decoder.damaged == 7


class Container:
    """A file whose packets are given out by somebody else."""

    def __init__(
        self, container: InputContainer, give_out: Callable[[Iterator[Packet]], Iterator[Packet]]
    ) -> None:
        self._container = container
        self._give_out = give_out

    def __getattr__(self, name: str) -> object:
        return getattr(self._container, name)

    def demux(self, stream: VideoStream) -> Iterator[Packet]:
        return self._give_out(self._container.demux(stream))


def decoder_of(
    container: InputContainer, give_out: Callable[[Iterator[Packet]], Iterator[Packet]]
) -> Decoder:
    changed = cast("InputContainer", Container(container, give_out))
    return Decoder(changed, container.streams.video[0], low_delay=True)


def test_a_broken_buffer_of_a_webcam_costs_its_own_picture_and_no_other(tmp_path: Path) -> None:
    def with_an_empty_one(packets: Iterator[Packet]) -> Iterator[Packet]:
        for i, packet in enumerate(packets):
            if i != 13:
                yield packet
                continue
            empty = av.Packet()
            empty.stream, empty.pts, empty.dts = packet.stream, packet.pts, packet.dts
            yield empty

    with av.open(str(write_clip(tmp_path / "a.nut", codec="rawvideo"))) as container:
        decoder = decoder_of(container, with_an_empty_one)
        decoded = [each for each in decoder.live() if isinstance(each, Decoded)]
    assert [each.index for each in decoded] == [*range(13), *range(14, 20)]
    assert decoder.damaged == 1


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_where_the_network_missed_packets_nothing_is_believed_up_to_the_next_key_frame(
    tmp_path: Path, codec: str
) -> None:
    path = stream(tmp_path / "a.ts", lambda _, data: data, codec)
    numbers, decoder, _ = live(path, at_packets([13]))
    assert numbers == [*range(13), *range(20, FRAMES)]
    assert decoder.damaged == 7


def test_motion_jpeg_has_no_times_of_its_own_that_could_make_its_reader_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("maskwatch.frames.decoder.time.monotonic", lambda: now)

    def at_leisure(packets: Iterator[Packet]) -> Iterator[Packet]:
        """Five a second, which FFmpeg takes for 25."""
        nonlocal now
        for i, packet in enumerate(packets):
            now = 0.2 * i
            yield packet

    jpeg = io.BytesIO()
    Image.fromarray(picture(0, SIZE)).save(jpeg, "JPEG")
    path = tmp_path / "a"
    head = b"--part\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % jpeg.tell()
    path.write_bytes((head + jpeg.getvalue() + b"\r\n") * 60)
    with av.open(str(path), format="mpjpeg") as container:
        decoder = decoder_of(container, at_leisure)
        came = []
        for each in decoder.live():
            if isinstance(each, Decoded):
                came.append(each.came)
                now += 0.1  # which is what decoding it took
    assert decoder.skipped == 0
    assert came == pytest.approx([0.2 * i for i in range(60)])


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
@pytest.mark.parametrize("hit", [10, 13, 19])
def test_a_transport_stream_tells_of_its_lost_packets(tmp_path: Path, codec: str, hit: int) -> None:
    path = stream(tmp_path / "a.ts", lambda _, data: data, codec)
    data = path.read_bytes()
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    begins = (0x41, 0x00)  # a picture, of the first stream
    pictures = [i for i, packet in enumerate(packets) if (packet[1], packet[2]) == begins]
    del packets[pictures[hit] + 2]
    path.write_bytes(b"".join(packets))
    numbers = set(live(path, is_lossy=True)[0])
    assert not numbers & set(range(hit, 20))
    # Those right before can be in doubt, as they are still inside the decoder.
    assert numbers >= {*range(hit - 2), *range(20, FRAMES)}


def test_what_comes_over_udp_is_believed_when_it_tells_of_lost_packets(tmp_path: Path) -> None:
    data = stream(tmp_path / "a.ts", lambda _, data: data, "libx265").read_bytes()
    port, stopping = free_port(), threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as camera:
            for i in itertools.count():
                at = i * 1316 % len(data)
                if i % 50:  # the others are lost
                    camera.sendto(data[at : at + 1316], ("127.0.0.1", port))
                if stopping.wait(0.005):
                    return

    sender = threading.Thread(target=send)
    sender.start()
    try:
        source = live_input(f"udp://127.0.0.1:{port}")
        with LiveReader(source, open_timeout_s=30, read_timeout_s=30) as reader:
            pictures = iter(reader)
            assert any(reader.damaged for _ in itertools.islice(pictures, 200))
    finally:
        stopping.set()
        sender.join()


def test_counters_that_begin_anew_are_no_loss_where_none_can_be(tmp_path: Path) -> None:
    path = stream(tmp_path / "a.ts", lambda _, data: data, frames=10)
    path.write_bytes(path.read_bytes() * 3)  # as the segments of some servers do
    assert live(path)[0] == [*range(10)] * 3
    assert live(path, is_lossy=True)[0] != [*range(10)] * 3


def test_a_clock_that_is_set_back_prolongs_no_doubt(tmp_path: Path) -> None:
    path = stream(tmp_path / "a.ts", lambda _, data: data)
    path.write_bytes(path.read_bytes() * 2)
    numbers, _, _ = live(path, at_packets([25]))
    assert numbers == [*range(25), *range(FRAMES)]


def test_a_stream_goes_on_after_damage_of_which_its_decoder_says_something_unusual(
    tmp_path: Path,
) -> None:
    # Since FFmpeg 8: "not yet implemented, patches welcome".
    noise = b"\0\0\0\1\x41" + np.random.default_rng(0).bytes(200)
    path = stream(tmp_path / "a.ts", lambda i, data: noise if i == 13 else data, "libx265")
    assert live(path)[0][-10:] == [*range(20, FRAMES)]


def test_who_cannot_keep_up_goes_on_from_a_key_frame_and_says_when_pictures_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr("maskwatch.frames.decoder.time.monotonic", lambda: next(clock) * 0.001)
    path = stream(tmp_path / "a.ts", lambda _, data: data, frames=90)
    with av.open(str(path)) as container:
        decoder = Decoder(container, container.streams.video[0], low_delay=True)
        decoded = []
        for each in decoder.live():
            if isinstance(each, Decoded):
                decoded.append(each)
                if each.index < 3:  # each of them takes half a second
                    for _ in range(500):
                        next(clock)
    assert [each.index for each in decoded[:3]] == [0, 1, 2]
    first = decoded[3].index
    assert first % 10 == 0
    assert [each.index for each in decoded[3:]] == list(range(first, 90))
    assert (decoder.skipped, decoder.damaged) == (first - 3, 0)
    assert decoded[1].came - decoded[0].came == pytest.approx(0.04, abs=0.01)
