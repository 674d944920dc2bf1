"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from maskwatch.cores import MAX_THREADS

RUN_PANEL = "How to run"
"""Heading of these options in the help."""

Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=MAX_THREADS,
        show_default="as many as help",
        rich_help_panel=RUN_PANEL,
        help="Threads for decoding and for the models.",
    ),
]
Device = Annotated[
    str, typer.Option(rich_help_panel=RUN_PANEL, help="cpu, cuda, coreml or directml.")
]
