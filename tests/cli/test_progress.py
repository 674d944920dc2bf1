import io
import re

import pytest
from rich.console import Console

from maskwatch.cli.progress import ProgressListener
from maskwatch.errors import OutputError, SourceError
from maskwatch.outputs.summary import SourceSummary, Tally
from maskwatch.runtime.live.health import Connection, SourceHealth
from maskwatch.testing import ScriptedSource, blank_frames


def listener(console: Console, *, sources: int = 2, quiet: bool = False) -> ProgressListener:
    return ProgressListener(console, sources, quiet, should_stop=lambda: False)


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None)


def look_at(listener: ProgressListener, source: ScriptedSource) -> None:
    listener.source_opened(source)
    for frame in source:
        listener.frame_done(frame)
    listener.source_done(SourceSummary(source.name, "video", 4, 0, Tally(())))


def test_the_bar_moves_with_the_frames_of_a_source() -> None:
    on = console(terminal=True)
    with listener(on) as progress:
        look_at(progress, ScriptedSource(blank_frames([0, 0.1, 0.2, 0.3], source="a[1].mp4")))
        second = ScriptedSource(blank_frames([0, 0.1, 0.2, 0.3], source="b.mp4"))
        progress.source_opened(second)
        progress.frame_done(next(iter(second)))
        progress._bar.refresh()
        text = on.file.getvalue()
    assert "2/2 b.mp4" in text
    assert "62%" in text
    assert "5 frames" in text
    assert re.search(r"\b0:00:0\d|\b00:0\d", text)  # what is left of the time


@pytest.mark.parametrize(
    "name", ["gate[red]-[1].mp4", r"C:\[red]\a.mp4", r"a\[/b].mp4", "a:red_car:.mp4"]
)
def test_names_are_shown_as_they_are(name: str) -> None:
    on = console(terminal=True)
    with listener(on, sources=1) as progress:
        progress.source_opened(ScriptedSource(blank_frames([0], source=name)))
        progress._bar.refresh()
    assert name in on.file.getvalue()


def test_nothing_moves_where_nobody_watches() -> None:
    for quiet, terminal in ((False, False), (True, True)):
        on = console(terminal=terminal)
        with listener(on, quiet=quiet) as progress:
            look_at(progress, ScriptedSource(blank_frames([0, 0.1])))
        assert on.file.getvalue() == ""


def test_failures_are_one_line_each() -> None:
    on = Console(file=io.StringIO(), width=40)
    with listener(on, quiet=True) as progress:
        error = SourceError("/a/long/path/to/a/picture/that/is.jpg", "cut\noff [at] the end")
        progress.source_done(SourceSummary("a", "image", 0, 0, Tally(()), error=error))
        progress.output_failed(OutputError("out/a.mp4", "no space left on the device"))
    assert on.file.getvalue().splitlines() == [
        "error: /a/long/path/to/a/picture/that/is.jpg: cut off [at] the end",
        "error: out/a.mp4: no space left on the device",
    ]


def test_a_few_damaged_frames_are_told_where_anything_is() -> None:
    for quiet, told in (
        (False, "note: a.mp4: frames that are damaged and were left out: 2\n"),
        (True, ""),
    ):
        on = Console(file=io.StringIO(), width=80)
        with listener(on, quiet=quiet) as progress:
            progress.source_done(SourceSummary("a.mp4", "video", 398, 0, Tally(()), damaged=2))
        assert on.file.getvalue() == told


def test_a_lost_connection_and_its_return_are_told() -> None:
    on = Console(file=io.StringIO(), width=40)
    with listener(on, quiet=True) as progress:
        for health in (
            SourceHealth("rtsp://cam/1", Connection.CONNECTED),
            SourceHealth("rtsp://cam/1", Connection.LOST, "no answer in time", 1, 2.0),
            SourceHealth("rtsp://cam/1", Connection.CONNECTED, attempt=1),
        ):
            progress.connection_changed(health)
    assert on.file.getvalue().splitlines() == [
        "note: rtsp://cam/1: no answer in time; trying again in 2 s",
        "note: rtsp://cam/1: connected again",
    ]


def test_a_stream_that_is_over_is_told_even_where_little_is_said() -> None:
    on = Console(file=io.StringIO(), width=80)
    with listener(on, quiet=True) as progress:
        progress.connection_changed(
            SourceHealth("http://cam/live.m3u8", Connection.ENDED, "the stream has ended", 1)
        )
    assert on.file.getvalue() == "note: http://cam/live.m3u8: the stream has ended\n"
