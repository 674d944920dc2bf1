"""`maskwatch models`: what the models are, and what they were measured to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from maskwatch.models.card import ModelCard


def models(
    detector: Annotated[
        Path | None,
        typer.Option(metavar="DIR", show_default="in the package", help="Face detector's folder."),
    ] = None,
    classifier: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", show_default="in the package", help="Mask classifier's folder."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The cards as JSON.")] = False,
) -> None:
    """Show the model cards: name, checksum, size, data, scores and limits.

    Each file's checksum is compared with its card; one that differs is refused.
    """
    from maskwatch.masks.labels import LABELS
    from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
    from maskwatch.models.card import read_card
    from maskwatch.outputs.terminal import out_console

    cards = [
        read_card(detector or DEFAULT_DETECTOR, "face_detector"),
        read_card(classifier or DEFAULT_CLASSIFIER, "mask_classifier", LABELS),
    ]
    for card in cards:
        card.verify()
    if as_json:
        told = [
            {
                **card.as_json(),
                "file": str(card.model_path),
                "bytes": card.model_path.stat().st_size,
            }
            for card in cards
        ]
        typer.echo(json.dumps(told, indent=2))
        return
    console = out_console()
    for card in cards:
        console.print(card_table(card))


def card_table(card: ModelCard) -> Table:
    """The card in two columns, of which the second wraps."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.title = f"{card.name} {card.version} ({card.kind.replace('_', ' ')})"
    table.title_justify = "left"
    table.title_style = "bold"
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    size_mb = card.model_path.stat().st_size / 1e6
    file = {"file": card.file, "file size": f"{size_mb:.2f} MB", "sha256": card.sha256}
    labels = {"labels": ", ".join(card.labels)} if card.labels else {}
    for values in (file, labels, card.settings, card.summary):
        for name, value in lines_of(values):
            table.add_row(name, Text(value))
    table.add_row()
    return table


def lines_of(values: dict[str, Any], indent: str = "") -> Iterator[tuple[str, str]]:
    """Names and values as text; what is nested stands indented below the name that holds it."""
    for key, value in values.items():
        name = f"{indent}{key}".replace("_", " ")
        if isinstance(value, dict):
            yield name, ""
            yield from lines_of(value, f"{indent}  ")
        elif isinstance(value, list):
            numbers = all(isinstance(each, int | float) for each in value)
            yield name, (", " if numbers else "\n").join(map(_text, value))
        else:
            yield name, _text(value)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
