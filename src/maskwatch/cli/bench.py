"""`maskwatch bench`: milliseconds per stage, and frames per second from file to result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwatch.cli.options import Device, Threads
from maskwatch.interrupts import ended_by_signals


def bench(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE...]",
            show_default=False,
            help="Images and videos to measure on. Without any: a picture and a clip of 1280x720 "
            "that are made for it, with five faces to judge in each frame.",
        ),
    ] = None,
    threads: Threads = None,
    frames: Annotated[
        int, typer.Option(metavar="N", min=1, help="Frames to measure on each, at most.")
    ] = 100,
    device: Device = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Measure how fast this machine is, stage by stage.

    The first frames are not counted. Times are medians, with the middle half of all frames; frames
    per second are counted over all stages from file to result, without and with annotated output.
    """
    import json

    with ended_by_signals():
        from maskwatch.build.models import BuildOptions
        from maskwatch.cli.bench_table import bench_as_json, print_bench
        from maskwatch.cli.run_bench import run_bench
        from maskwatch.outputs.terminal import err_console, out_console

        options = BuildOptions(threads=threads, device=device)
        with err_console().status("measuring"):
            results = run_bench(options, files or [], frames)
    if as_json:
        typer.echo(json.dumps([bench_as_json(each) for each in results], indent=2))
    else:
        print_bench(out_console(), results, options)
