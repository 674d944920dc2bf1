"""``maskwatch-train average``: the mean of the weights of several runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="needs the extra [train]")

from safetensors.torch import load_file, save_file  # noqa: E402

from maskwatch_train.cli.main import app  # noqa: E402


def make_run(folder: Path, value: float, size: int = 3, recipe: str = "size = 64\n") -> Path:
    folder.mkdir()
    (folder / "recipe.toml").write_text(recipe)
    weights = {"layer": torch.full((size,), value), "steps": torch.tensor(int(value))}
    name = "best.safetensors" if "keep_best" in recipe else "weights.safetensors"
    save_file(weights, folder / name)
    return folder


def average(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["average", *map(str, arguments)])
    return done.exit_code, f"{done.output}{done.exception or ''}"


@pytest.mark.parametrize(
    ("recipe", "name"),
    [
        ("size = 64\n", "weights.safetensors"),
        ("size = 64\nkeep_best = true\n", "best.safetensors"),
    ],
)
def test_weights_are_the_mean_and_the_recipe_that_of_the_first(
    tmp_path: Path, recipe: str, name: str
) -> None:
    first = make_run(tmp_path / "a", 1.0, recipe=recipe)
    second = make_run(tmp_path / "b", 4.0)
    code, said = average(first, second, "--out", tmp_path / "mean")
    assert code == 0, said
    mean = load_file(tmp_path / "mean" / name)
    assert mean["layer"].tolist() == [2.5, 2.5, 2.5]
    assert mean["steps"].item() == 1
    assert (tmp_path / "mean/recipe.toml").read_text() == recipe


def test_networks_that_differ_have_no_mean(tmp_path: Path) -> None:
    first, other = make_run(tmp_path / "a", 1.0), make_run(tmp_path / "b", 4.0, size=5)
    code, said = average(first, other, "--out", tmp_path / "mean")
    assert code == 1
    assert "differs from that of" in said
    assert not (tmp_path / "mean").exists()


def test_what_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    first, other = make_run(tmp_path / "a", 1.0), make_run(tmp_path / "b", 4.0)
    (other / "weights.safetensors").write_bytes(b"nothing")
    code, said = average(first, other, "--out", tmp_path / "mean")
    assert (code, str(other) in said) == (1, True)
    (other / "weights.safetensors").unlink()
    assert average(first, other, "--out", tmp_path / "mean")[0] == 1
    assert average(first, "--out", tmp_path / "mean")[0] == 2


def test_a_run_that_would_bring_its_own_weights_back_is_left_alone(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / name, value) for name, value in (("a", 1.0), ("b", 4.0))]
    (runs[1] / "state.pt").write_bytes(b"state")
    before = (runs[1] / "weights.safetensors").read_bytes()
    code, said = average(*runs, "--out", runs[1])
    assert (code, "b: holds the state of a run" in said) == (1, True)
    assert (runs[1] / "weights.safetensors").read_bytes() == before


def test_the_mean_is_not_written_over_a_run_that_it_is_made_of(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / name, value) for name, value in (("a", 1.0), ("b", 4.0))]
    before = (runs[0] / "weights.safetensors").read_bytes()
    code, said = average(*runs, "--out", runs[0])
    assert (code, "a: is a run to learn from" in said) == (1, True)
    assert (runs[0] / "weights.safetensors").read_bytes() == before
