"""``maskwatch-train data``: one file per verb or pair of verbs."""

from __future__ import annotations

import typer

from maskwatch_train.cli.data import audit, correct, crop, download, imports, prepare

app = typer.Typer(
    help="Prepare data: import, check, group, split, crop, audit and correct.",
    no_args_is_help=True,
)
app.command("import")(imports.import_set)
app.command("group")(prepare.group)
app.command("split")(prepare.split)
app.command("check")(prepare.check)
app.command("crop")(crop.crop)
app.command("audit")(audit.audit)
app.command("correct")(correct.correct)
app.command("apply")(correct.apply)
app.command("download")(download.download)
