"""``maskwatch-train data``: one file per verb."""

from __future__ import annotations

import typer

from maskwatch_train.cli.data import (
    apply,
    audit,
    check,
    correct,
    crop,
    download,
    group,
    imports,
    split,
)

app = typer.Typer(
    help="Prepare data: import, check, group, split, crop, audit and correct.",
    no_args_is_help=True,
)
app.command("import")(imports.import_set)
app.command("group")(group.group)
app.command("split")(split.split)
app.command("check")(check.check)
app.command("crop")(crop.crop)
app.command("audit")(audit.audit)
app.command("correct")(correct.correct)
app.command("apply")(apply.apply)
app.command("download")(download.download)
