"""`maskwatch detect`: who wears a mask, and how, in images, video and live sources."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand

from maskwatch.cli.exit_codes import ExitCode
from maskwatch.cli.options import RUN_PANEL, Device, Threads
from maskwatch.cli.request import DetectRequest
from maskwatch.interrupts import ended_by_signals

if TYPE_CHECKING:
    from maskwatch.frames.orientation import Turn

EPILOG = (
    "Exit codes: 0 all done; 1 some sources could not be read or results not written, the rest "
    "is done; 2 the command line is wrong; 3 a violation, with --fail-on violation; 4 a "
    "model cannot be used; 130 Ctrl-C, SIGTERM or a closed terminal, what was done is written."
)

_WRITE = "What to write"
_LOOK = "What to look at"


class FailOn(StrEnum):
    """What makes the program exit with a code of its own."""

    VIOLATION = "violation"


class Clockwise(StrEnum):
    """Degrees as they are written."""

    NONE = "0"
    QUARTER = "90"
    HALF = "180"
    THREE_QUARTERS = "270"


_TURNS: dict[Clockwise, Turn] = {
    Clockwise.NONE: 0,
    Clockwise.QUARTER: 90,
    Clockwise.HALF: 180,
    Clockwise.THREE_QUARTERS: 270,
}


class DetectCommand(TyperCommand):
    """A command in which the value of ``--json-summary`` may be left out."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Parses the command line, the left out value filled in."""
        return super().parse_args(ctx, fill_in_summary_target(args))


def fill_in_summary_target(args: list[str]) -> list[str]:
    """Gives ``--json-summary`` the value ``-`` unless a name ending in .json or ``-`` follows."""
    if "--json-summary" not in args:
        return args
    place = args.index("--json-summary")
    if "--" in args[:place]:
        return args
    following = args[place + 1] if place + 1 < len(args) else ""
    if following == "-" or following.lower().endswith(".json"):
        return args
    return [*args[: place + 1], "-", *args[place + 1 :]]


def detect(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            show_default=False,
            help="Images, videos, folders (with all below), globs, the number of a webcam, or "
            "rtsp:// and http(s):// addresses.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            show_default="maskwatch-out; not for live sources",
            rich_help_panel=_WRITE,
            help="Folder for annotated images and videos. Inputs are never overwritten.",
        ),
    ] = None,
    annotate: Annotated[
        bool,
        typer.Option(
            "--annotate/--no-annotate",
            rich_help_panel=_WRITE,
            help="Whether to write annotated images and videos.",
        ),
    ] = True,
    blur: Annotated[
        bool,
        typer.Option(
            "--blur", rich_help_panel=_WRITE, help="Pixelate all faces in everything written."
        ),
    ] = False,
    jsonl: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=_WRITE,
            help="One JSON object per face and frame; - is standard output.",
        ),
    ] = None,
    csv: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", rich_help_panel=_WRITE, help="The same as CSV; - is standard output."
        ),
    ] = None,
    episodes: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=_WRITE,
            help="Violations in videos as JSON: who, what, from when to when.",
        ),
    ] = None,
    json_summary: Annotated[
        str | None,
        typer.Option(
            metavar="[FILE.json]",
            rich_help_panel=_WRITE,
            help="The summary as JSON: instead of the table, or to FILE.json beside it.",
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", rich_help_panel=_WRITE, help="No table, no progress; errors only."
        ),
    ] = False,
    show: Annotated[
        bool,
        typer.Option("--show", rich_help_panel=_WRITE, help="Show pictures in a window; q quits."),
    ] = False,
    turn: Annotated[
        Clockwise,
        typer.Option(
            metavar="DEGREES",
            rich_help_panel=_LOOK,
            help="Turn all pictures clockwise first, by 90, 180 or 270: the camera lay on its "
            "side or hung upside down.",
        ),
    ] = Clockwise.NONE,
    every: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, rich_help_panel=_LOOK, help="Look at every Nth frame of videos."
        ),
    ] = 1,
    max_fps: Annotated[
        float | None,
        typer.Option(
            metavar="FPS", rich_help_panel=_LOOK, help="Look at no more frames than this a second."
        ),
    ] = None,
    min_face: Annotated[
        float,
        typer.Option(
            metavar="PX", min=0, rich_help_panel=_LOOK, help="Leave out faces smaller than this."
        ),
    ] = 0,
    score: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="0..1",
            show_default="the model's own",
            rich_help_panel=_LOOK,
            help="Leave out faces of which the detector is less sure.",
        ),
    ] = None,
    looks: Annotated[
        float,
        typer.Option(
            metavar="PER_SECOND",
            rich_help_panel=_LOOK,
            help="How often per second to look for faces in videos; in between they are moved on. "
            "0, and always with --blur: in every frame.",
        ),
    ] = 10.0,
    small_faces: Annotated[
        bool,
        typer.Option(
            "--small-faces",
            rich_help_panel=_LOOK,
            help="Find far people in large videos too, as in pictures; slower.",
        ),
    ] = False,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            rich_help_panel=RUN_PANEL,
            help=f"Exit with {ExitCode.VIOLATION} if there is a violation.",
        ),
    ] = None,
    threads: Threads = None,
    device: Device = "cpu",
    detector: Annotated[
        str, typer.Option(rich_help_panel=RUN_PANEL, help="yunet (our own), ssd-res10 or mtcnn.")
    ] = "yunet",
    detector_model: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            show_default="in the package",
            rich_help_panel=RUN_PANEL,
            help="Folder of the face detector's model.",
        ),
    ] = None,
    classifier_model: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            show_default="in the package",
            rich_help_panel=RUN_PANEL,
            help="Folder of the mask classifier's model.",
        ),
    ] = None,
) -> None:
    """Say who wears a mask, and how, in images, videos and live sources.

    Finds every face and marks it mask, incorrect (nose out, under chin, chin out), no mask, or
    unknown. In videos people are followed: each is judged by vote over many frames and counted
    once. Live sources run until Ctrl-C, or q in the window.
    """
    with ended_by_signals():
        from maskwatch.build.models import BuildOptions
        from maskwatch.cli.run_detect import run_detect

        request = DetectRequest(
            sources=tuple(sources),
            out=out,
            annotate=annotate,
            blur=blur,
            jsonl=jsonl,
            csv=csv,
            episodes=episodes,
            json_summary=json_summary,
            quiet=quiet,
            show=show,
            turn=_TURNS[turn],
            every=every,
            max_fps=max_fps,
            min_face_px=min_face,
            score=score,
            looks_per_s=looks,
            small_faces=small_faces,
            models=BuildOptions(detector, detector_model, classifier_model, threads, device),
        )
        summary = run_detect(request)
    if summary.interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if fail_on is FailOn.VIOLATION and summary.has_violation:
        raise typer.Exit(ExitCode.VIOLATION)
    if summary.source_errors or summary.output_errors:
        raise typer.Exit(ExitCode.FAILED)
