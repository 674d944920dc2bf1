"""Writes the tables of docs/published.md from docs/results/published, one result for each run.

``PYTHONPATH=src python scripts/published_table.py [RUN...]``: a folder of a run, named after its
recipe and its split (``alexnet-random``), first gives its ``result.json`` to the results. A test
compares the page with what this makes.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maskwatch_train.published.recipe import PublishedRecipe
from maskwatch_train.published.splits import SPLITTINGS
from maskwatch_train.running.recipe import read_recipe

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "published.md"
RESULTS = ROOT / "docs" / "results" / "published"
RECIPES = ROOT / "recipes" / "published"
BEGIN, END = "<!-- made by scripts/published_table.py -->\n", "<!-- end of what is made -->"

Result = dict[str, Any]


def main(runs: list[str]) -> None:
    """Takes over the results of runs, then writes the page."""
    for run in runs:
        RESULTS.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(run) / "result.json", RESULTS / f"{Path(run).name}.json")
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page with its tables made anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{accuracies()}\n{details()}\n{END}{after}"


def accuracies() -> str:
    """What was published beside what came out."""
    lines = [
        "| recipe | published | classifier | random split | grouped split | not as in the recipe |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in sorted(path.stem for path in RECIPES.glob("*.toml")):
        found = {split: result(name, split) for split in SPLITTINGS}
        some = [each for each in found.values() if each]
        told = _published(name)
        if not some:
            lines.append(f"| `{name}` | {told} | | not run | not run | |")
            continue
        changed = _changes(some[0])
        for classifier in some[0]["classifiers"]:
            cells = [_accuracy(found[split], classifier) for split in SPLITTINGS]
            lines.append(f"| `{name}` | {told} | {classifier} | {' | '.join(cells)} | {changed} |")
    return "\n".join(lines) + "\n"


def details() -> str:
    """Everything else that the papers report, for each run."""
    lines = [
        "| run | classifier | confusion | precision | recall | F1 | AUC | data | minutes |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += _details()
    return "\n".join(lines) + "\n"


def _details() -> Iterator[str]:
    for path in sorted(RESULTS.glob("*.json")):
        run = json.loads(path.read_text(encoding="utf-8"))
        for name, scores in run["classifiers"].items():
            classes = scores["classes"].values()
            measures = [
                " / ".join(_share(each[measure]) for each in classes)
                for measure in ("precision", "recall", "f1")
            ]
            confusion = " · ".join("/".join(map(str, row)) for row in scores["confusion"])
            auc = "" if scores["auc"] is None else f"{scores['auc']:.4f}"
            cells = [f"`{path.stem}`", name, confusion, *measures, auc]
            cells += [f"`{run['data']['sha256'][:12]}`", f"{run['seconds'] / 60:.0f}"]
            yield f"| {' | '.join(cells)} |"


def result(name: str, split: str) -> Result | None:
    """The result of a recipe, if it was run."""
    path = RESULTS / f"{name}-{split}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _published(name: str) -> str:
    reported = read_recipe(RECIPES / f"{name}.toml", PublishedRecipe).reported
    if not reported.accuracy:
        return reported.data or "no figure"
    tested = f" of {reported.tested}" if reported.tested else ""
    return f"{100 * reported.accuracy:.2f} %{tested}; {reported.data}"


def _accuracy(run: Result | None, classifier: str) -> str:
    if run is None:
        return "not run"
    scores = run["classifiers"][classifier]
    a = {key: 100 * value for key, value in scores["accuracy"].items()}
    return f"{a['value']:.2f} % ({a['low']:.2f} to {a['high']:.2f}) of {scores['tested']}"


def _changes(run: Result) -> str:
    told = [f"`{change}`" for change in run["changes"]]
    if run["weights"]["source"] == "none":
        told.append("no ImageNet weights")
    return ", ".join(told)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main(sys.argv[1:])
