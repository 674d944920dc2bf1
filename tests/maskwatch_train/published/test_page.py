"""The page of results: what the script makes of the results is what it says."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("torch", reason="needs the extra [train]")


@pytest.fixture
def script(checkout: Path) -> ModuleType:
    path = checkout / "scripts/published_table.py"
    spec = importlib.util.spec_from_file_location("published_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_results_say(script: ModuleType) -> None:
    assert script.PAGE.read_text(encoding="utf-8") == script.page()


def test_every_recipe_has_its_line(script: ModuleType) -> None:
    told = script.accuracies()
    assert all(f"| `{path.stem}` |" in told for path in script.RECIPES.glob("*.toml"))


def test_a_result_becomes_a_line(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "RESULTS", tmp_path)
    one = {"precision": 0.5, "recall": 1.0, "f1": None, "support": 4}
    scores = {
        "tested": 8,
        "accuracy": {"value": 0.875, "low": 0.53, "high": 0.98},
        "confusion": [[4, 0], [1, 3]],
        "classes": {"mask": one, "no_mask": one},
        "auc": None,
    }
    run = {
        "classifiers": {"network": scores},
        "changes": ["epochs=2"],
        "weights": {"source": "none"},
        "data": {"sha256": "0123456789abcdef"},
        "seconds": 90,
    }
    (tmp_path / "alexnet-grouped.json").write_text(json.dumps(run))
    assert (
        "| `alexnet` | 99.31 % of 576; 3832 portraits (bala) | network | not run "
        "| 87.50 % (53.00 to 98.00) of 8 | `epochs=2`, no ImageNet weights |"
    ) in script.accuracies()
    assert (
        "| `alexnet-grouped` | network | 4/0 · 1/3 | 0.500 / 0.500 | 1.000 / 1.000 | - / - |  "
        "| `0123456789ab` | 2 |"
    ) in script.details()
