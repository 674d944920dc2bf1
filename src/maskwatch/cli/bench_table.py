"""The figures of `maskwatch bench`, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from maskwatch.build.models import BuildOptions
from maskwatch.cli.run_bench import STAGES, BenchResult


def print_bench(console: Console, results: Sequence[BenchResult], options: BuildOptions) -> None:
    """Prints a heading, a table and the speed for each image or video."""
    threads = "default threads" if options.threads is None else f"threads: {options.threads}"
    for result in results:
        console.print(Text(result.name, style="bold"))
        console.print(
            f"{result.width}x{result.height}, {result.faces:.1f} faces a frame, "
            f"{result.frames} frames, {options.device}, {threads}"
        )
        console.print(stage_table(result))
        console.print(
            f"{result.fps(with_output=False):.1f} frames a second from file to result, "
            f"{result.fps(with_output=True):.1f} with annotated output\n"
        )


def stage_table(result: BenchResult) -> Table:
    """Milliseconds per stage: the median, and between which values the middle half lies."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("stage")
    table.add_column("median ms", justify="right")
    table.add_column("middle half", justify="right")
    for stage in STAGES:
        if stage in result.stages_ms:
            low, median, high = np.percentile(result.stages_ms[stage], [25, 50, 75])
            table.add_row(stage, f"{median:.2f}", f"{low:.2f} to {high:.2f}")
    return table


def bench_as_json(result: BenchResult) -> dict[str, Any]:
    """The same figures, ready for JSON."""
    stages = {
        stage: dict(
            zip(
                ("p25_ms", "median_ms", "p75_ms"),
                (round(float(v), 3) for v in np.percentile(ms, [25, 50, 75])),
                strict=True,
            )
        )
        for stage, ms in result.stages_ms.items()
    }
    return {
        "source": result.name,
        "width": result.width,
        "height": result.height,
        "faces": round(result.faces, 2),
        "frames": result.frames,
        "stages": stages,
        "fps": round(result.fps(with_output=False), 2),
        "fps_with_output": round(result.fps(with_output=True), 2),
    }
