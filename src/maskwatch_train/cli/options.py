"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RecipeFile = Annotated[Path, typer.Argument(help="TOML file with every setting of the run.")]
DataFolder = Annotated[Path, typer.Option("--data", help="Folder with the sets street and bala.")]
DataSets = Annotated[
    list[Path],
    typer.Option(
        "--data",
        help="Manifest, or folder of a set, or one with the sets street and bala; may be given "
        "several times.",
    ),
]
WeightsFolder = Annotated[
    Path, typer.Option("--weights", help="Folder with the third-party starting weights.")
]
StartingWeights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        help="Folder with the third-party starting weights; without it the face detector in the "
        "package finds the faces.",
    ),
]
OutFolder = Annotated[
    Path, typer.Option("--out", help="Folder of the run; a run that was stopped resumes.")
]
StartFrom = Annotated[Path | None, typer.Option("--from", help="Run whose weights to start from.")]
Workers = Annotated[int, typer.Option(min=0, help="Processes that prepare batches.")]
Devices = Annotated[
    str,
    typer.Option(
        help="How many processors share each batch; auto takes as many as torchrun has started, "
        "else all GPUs, or one process on the CPU."
    ),
]
Nodes = Annotated[
    int, typer.Option(min=1, help="Number of machines; start the same command on each.")
]

RunFolder = Annotated[Path, typer.Argument(help="Folder of a finished run.")]
ModelFolder = Annotated[Path, typer.Argument(metavar="MODEL", help="Folder with model and card.")]
Target = Annotated[Path, typer.Option("--to", help="Model folder to write.")]
Version = Annotated[str, typer.Option("--model-version", help="Version written in the card.")]
Summary = Annotated[
    Path, typer.Option("--summary", help="TOML file with the card's text: data, licence, limits.")
]
Scores = Annotated[
    list[Path] | None,
    typer.Option("--scores", help="JSON report to put into the card; may be given several times."),
]

Split = Annotated[
    str, typer.Option(help="val to choose between models; test only to report; train; all.")
]
Report = Annotated[Path, typer.Option("--report", help="Folder for the files of the report.")]
DetectorFolder = Annotated[
    Path,
    typer.Option(
        "--detector", show_default="in the package", help="Model folder of the face detector."
    ),
]
MinFace = Annotated[
    float, typer.Option("--min-face-px", help="Smaller faces count in the slices of size only.")
]
Threads = Annotated[int, typer.Option(min=1, help="Threads of one inference.")]
