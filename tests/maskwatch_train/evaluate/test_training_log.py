from __future__ import annotations

import os
from pathlib import Path

import pytest

from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.training_log import read_training_log


def test_the_log_of_our_loop_is_read(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("epoch,label,box,seconds\n0,1.5,0.2,60\n1,0.5,0.1,61\n")
    assert read_training_log(tmp_path) == {
        "label": {"x": [0, 1], "y": [1.5, 0.5]},
        "box": {"x": [0, 1], "y": [0.2, 0.1]},
    }


def test_lightning_s_rows_of_one_epoch_are_taken_together(tmp_path: Path) -> None:
    folder = tmp_path / "lightning_logs" / "version_0"
    folder.mkdir(parents=True)
    (folder / "metrics.csv").write_text(
        "epoch,step,train_loss,val_loss\n0,9,0.9,\n0,9,,0.8\n1,19,0.5,\n1,19,,0.6\n"
    )
    assert read_training_log(tmp_path) == {
        "train_loss": {"x": [0, 1], "y": [0.9, 0.5]},
        "val_loss": {"x": [0, 1], "y": [0.8, 0.6]},
    }


def test_of_several_logs_that_of_the_run_itself_counts_else_the_last(tmp_path: Path) -> None:
    for count, name in enumerate(["version_2", "version_9", "version_10"]):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.csv").write_text(f"epoch,loss\n0,{count}\n")
        os.utime(tmp_path / name / "metrics.csv", (count, count))
    assert read_training_log(tmp_path)["loss"]["y"] == [2]
    (tmp_path / "log.csv").write_text("epoch,loss\n0,7\n")
    os.utime(tmp_path / "log.csv", (0, 0))
    assert read_training_log(tmp_path)["loss"]["y"] == [7]


def test_no_log_and_a_broken_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no log of a training run"):
        read_training_log(tmp_path)
    (tmp_path / "log.csv").write_text("epoch,loss\n0,high\n")
    with pytest.raises(DataError, match=r"log\.csv.*not the log"):
        read_training_log(tmp_path)
