"""What is said while a run goes on: a progress bar, and failures as they happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from maskwatch.errors import OutputError
from maskwatch.frames.base import FrameSource
from maskwatch.outputs.summary import SourceSummary
from maskwatch.outputs.terminal import say_error, say_note, shortened
from maskwatch.runtime.live.health import Connection, SourceHealth
from maskwatch.runtime.runs.session import SessionListener
from maskwatch.types import Frame

_NAME_WIDTH = 28


class ProgressListener(SessionListener):
    """Shows one bar over all sources, with the speed and the time that is left.

    A source counts as much as any other; within a video the bar moves with its frames. Nothing
    is shown where nobody watches, that is, unless standard error is a terminal.

    Args:
        console: standard error.
        sources: how many there are.
        quiet: say failures only.
        should_stop: asked after each frame.
    """

    def __init__(
        self, console: Console, sources: int, quiet: bool, should_stop: Callable[[], bool]
    ) -> None:
        self._sources = sources
        self._quiet = quiet
        self._stop = should_stop
        self._done = 0
        self._frames_in_source: int | None = None
        self._looks = 0
        self._is_lost = False
        self._started = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            expand=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=sources, speed="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()

    def source_opened(self, source: FrameSource) -> None:
        """Names the source that comes next."""
        self._frames_in_source = source.frame_count
        short = shortened(source.name, _NAME_WIDTH)
        counted = f"{self._done + 1}/{self._sources} " if self._sources > 1 else ""
        endless = self._sources == 1 and source.frame_count is None
        self._bar.update(
            self._task,
            description=counted + short,
            total=None if endless else self._sources,
        )

    def frame_done(self, frame: Frame) -> None:
        """Moves the bar."""
        self._looks += 1
        rate = self._looks / max(time.monotonic() - self._started, 1e-6)
        within = 0.0
        if self._frames_in_source:
            within = min((frame.index + 1) / self._frames_in_source, 1.0)
        self._bar.update(
            self._task, completed=self._done + within, speed=f"{self._looks} frames, {rate:.0f}/s"
        )

    def source_done(self, summary: SourceSummary) -> None:
        """Moves the bar to the next source, and says if this one failed or was not whole."""
        self._done += 1
        self._bar.update(self._task, completed=self._done)
        if summary.error is not None:
            say_error(self._bar.console, summary.error)
        elif summary.damaged and not self._quiet:
            left_out = f"frames that are damaged and were left out: {summary.damaged}"
            say_note(self._bar.console, f"{summary.source}: {left_out}")

    def output_failed(self, error: OutputError) -> None:
        """Says so."""
        say_error(self._bar.console, error)

    def connection_changed(self, health: SourceHealth) -> None:
        """Says that a live source is lost for now, back, or over."""
        if health.connection is Connection.LOST:
            wait = f" in {health.retry_in_s:.0f} s" if health.retry_in_s else ""
            say_note(self._bar.console, f"{health.source}: {health.reason}; trying again{wait}")
            self._is_lost = True
        elif health.connection is Connection.CONNECTED and self._is_lost:
            say_note(self._bar.console, f"{health.source}: connected again")
            self._is_lost = False
        elif health.connection is Connection.ENDED:
            say_note(self._bar.console, f"{health.source}: {health.reason}")
            self._is_lost = False

    def should_stop(self) -> bool:
        """What whoever made this says."""
        return self._stop()
