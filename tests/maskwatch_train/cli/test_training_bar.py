from __future__ import annotations

import io

import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from rich.console import Console

from maskwatch_train.cli.training_bar import TrainingBar


def shown(terminal: bool, quiet: bool = False) -> str:
    told = io.StringIO()
    console = Console(file=told, force_terminal=terminal, width=120)
    with TrainingBar(console, quiet=quiet) as bar:
        bar.moved(41, 100, {"label": 0.25, "box": 0.125})
        bar.moved(70, 100, {"label": 0.2, "box": 0.1})
        bar.said("epoch 0 label 0.22")
    return told.getvalue()


def test_a_terminal_sees_losses_progress_and_the_time_that_is_left() -> None:
    seen = shown(terminal=True)
    assert "label 0.200  box 0.100" in seen
    assert "50%" in seen  # 30 of the 60 steps that were left when this run went on at 40
    assert "epoch 0 label 0.22" in seen


def test_elsewhere_only_whole_lines_are_written() -> None:
    assert shown(terminal=False) == "epoch 0 label 0.22\n"


def test_all_processes_but_the_first_are_silent() -> None:
    assert shown(terminal=False, quiet=True) == ""
