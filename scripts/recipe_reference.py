"""Writes docs/recipe-keys.md: every key of the recipes of classifier and detector, from the code.

Run it after changing a recipe: ``PYTHONPATH=src python scripts/recipe_reference.py``. A test
compares the page with what this makes.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from inspect import getdoc
from pathlib import Path
from typing import Any

from maskwatch_train.classifier.train import ClassifierRecipe
from maskwatch_train.detector.train import DetectorRecipe

PAGE = Path(__file__).resolve().parent.parent / "docs" / "recipe-keys.md"

HEAD = """# Recipes: every key

Made by `scripts/recipe_reference.py` from `ClassifierRecipe` and `DetectorRecipe`. How a run goes
is in [training.md](training.md#how-a-run-goes); the recipes of the published systems are in
[published.md](published.md). A key that a recipe leaves out has its default.
"""


def reference() -> str:
    """The whole page."""
    return (
        HEAD
        + _section("## Recipes of `maskwatch-train classifier`", ClassifierRecipe)
        + _section("## Recipes of `maskwatch-train detector`", DetectorRecipe)
    )


def _section(title: str, kind: Any) -> str:
    """A table of the keys of a recipe, then those of the tables in it."""
    about, _, attributes = (getdoc(kind) or "").partition("\n\nAttributes:\n")
    told = dict(re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", attributes, re.MULTILINE))
    text = f"\n{title}\n\n{about}\n\n| key | default | meaning |\n| --- | --- | --- |\n"
    below = ""
    for field in fields(kind):
        default = (
            f"`{json.dumps(field.default)}`" if not is_dataclass(field.default) else "see below"
        )
        meaning = " ".join(told[field.name].split()).replace("``", "`").rstrip(".")
        text += f"| `{field.name}` | {default} | {meaning} |\n"
        if is_dataclass(field.default):
            below += _section(f"### `[{field.name}]`", type(field.default))
    return text + below


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
