import csv
import io
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from maskwatch.errors import OutputError, UsageError  # noqa: E402
from maskwatch_train.classifier.train import ClassifierRecipe  # noqa: E402
from maskwatch_train.errors import DataError  # noqa: E402
from maskwatch_train.running.engine import (  # noqa: E402
    NotFinite,
    Run,
    TrainingPlan,
    Watcher,
    averaging_decay,
    fit,
    plan_of,
)
from maskwatch_train.running.hardware import launched, mixed, precision, share_of  # noqa: E402

PLAN = TrainingPlan(epochs=4, steps=3, learning_rate=0.05, weight_decay=0.01, ema=0.9, warmup=0.25)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 1))


def loss(run: Run, epoch: int, step: int) -> dict[str, Tensor]:
    torch.manual_seed(100 * epoch + step)
    return {"loss": run.network(torch.randn(8, 3, 4, 4)).square().mean()}


def train(folder: Path, until: int) -> Run:
    run = Run(network(), PLAN, folder)
    while run.next_epoch < until:
        run.network.train()
        for step in range(PLAN.steps):
            run.step(loss(run, run.next_epoch, step))
        run.finish_epoch()
    return run


def test_a_resumed_run_ends_like_an_unbroken_one(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", 4)
    train(tmp_path / "broken", 2)
    resumed = train(tmp_path / "broken", 4)
    for name, value in whole.averaged.state_dict().items():
        assert torch.equal(value, resumed.averaged.state_dict()[name]), name
    logs = [(tmp_path / name / "log.csv").read_text() for name in ("whole", "broken")]
    columns = [[row.rsplit(",", 1)[0] for row in log.splitlines()] for log in logs]
    assert columns[0] == columns[1]
    assert len(columns[0]) == 5


def test_the_average_of_a_short_run_leaves_the_weights_it_began_with(tmp_path: Path) -> None:
    began = {name: value.clone() for name, value in network().state_dict().items()}
    run = Run(network(), replace(PLAN, epochs=1, steps=20, ema=0.995), tmp_path)
    for step in range(20):
        run.step(loss(run, 0, step))
    averaged = run.averaged.state_dict()["0.weight"]
    trained = run.network.state_dict()["0.weight"]
    assert (averaged - trained).norm() < (averaged - began["0.weight"]).norm() / 2


def test_the_average_reaches_as_far_as_the_recipe_says() -> None:
    assert averaging_decay(0.995, 0) == 0.1
    assert averaging_decay(0.995, 10_000) == 0.995
    assert averaging_decay(0.0, 10_000) == 0.0


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    train(tmp_path, 4)
    rows = [row.split(",") for row in (tmp_path / "log.csv").read_text().splitlines()[1:]]
    assert float(rows[-1][1]) < float(rows[0][1])


def test_a_loss_that_is_not_finite_stops_with_its_numbers(tmp_path: Path) -> None:
    run = Run(network(), PLAN, tmp_path)
    with pytest.raises(NotFinite, match=r"epoch 0, step 0: \{'box': nan, 'obj': 1\.0\}"):
        run.step({"box": torch.tensor(float("nan")), "obj": torch.tensor(1.0)})


def test_a_crash_between_epochs_leaves_the_last_state(tmp_path: Path) -> None:
    train(tmp_path, 1)
    (tmp_path / "state.part").write_bytes(b"half written")
    assert Run(network(), PLAN, tmp_path).next_epoch == 1


def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 1))


@pytest.mark.parametrize("steps", [9, 10, 11])
def test_a_short_run_trains_whatever_its_rise_comes_to(steps: int, tmp_path: Path) -> None:
    """A tenth of ten steps is one: the learning rate rises from the first step to the first."""
    few = replace(PLAN, epochs=1, steps=steps, learning_rate=0.001, warmup=0.1, ema=0.0)
    run = Run(linear(), few, tmp_path)
    inputs = torch.ones(2, 3, 4, 4)
    before = run.averaged(inputs).square().mean().item()
    for _ in range(steps):
        run.step({"loss": run.network(inputs).square().mean()})
    assert run.averaged(inputs).square().mean().item() < before


def test_a_constant_learning_rate_stays(tmp_path: Path) -> None:
    settings = replace(PLAN, constant=True, weight_decay=0.0, ema=0.0)
    run = Run(linear(), settings, tmp_path)
    expected = linear()
    adam = torch.optim.Adam(expected.parameters(), lr=PLAN.learning_rate)
    for step in range(6):
        torch.manual_seed(step)
        inputs = torch.randn(8, 3, 4, 4)
        run.step({"loss": run.network(inputs).square().mean()})
        adam.zero_grad()
        expected(inputs).square().mean().backward()
        adam.step()
    for ours, theirs in zip(run.averaged.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def rows_of(folder: Path) -> list[dict[str, str]]:
    """The log without the column that depends on the machine."""
    with (folder / "log.csv").open() as file:
        return [
            {name: text for name, text in row.items() if name != "seconds"}
            for row in csv.DictReader(file)
        ]


def program(checkout: Path, module: str, *arguments: object, launcher: Sequence[str] = ()) -> str:
    done = subprocess.run(
        [sys.executable, *launcher, "-m", module, *map(str, arguments)],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_killed_anywhere_ends_like_an_unbroken_one(tmp_path: Path, checkout: Path) -> None:
    places = int(program(checkout, "tests.maskwatch_train.running.killed_runs", tmp_path))
    assert places > 3 * 9  # steps, state, weights, log, and what brings each to its final name
    unbroken = tmp_path / "unbroken"
    for place in range(places):
        killed = tmp_path / f"killed-{place:02}"
        assert rows_of(killed) == rows_of(unbroken), place
        for name in ("weights.safetensors", "best.safetensors"):
            assert (killed / name).read_bytes() == (unbroken / name).read_bytes(), (place, name)


def fitted(folder: Path, losses: list[float], patience: int = 0, epochs: int | None = None) -> Run:
    """A run whose validation gives these losses, and fails when there are no more."""
    plan = replace(PLAN, epochs=epochs or len(losses), patience=patience)
    run = Run(linear(), plan, folder)
    fit(
        run,
        1,
        lambda epoch: [torch.full((2, 3, 4, 4), float(epoch))] * PLAN.steps,
        lambda batch: {"loss": run.network(batch).square().mean()},
        lambda _: {"val_loss": losses[run.next_epoch]},
    )
    return run


def test_a_run_ends_when_it_has_not_become_better_for_as_long_as_its_patience(
    tmp_path: Path,
) -> None:
    losses = [0.5, 0.3, 0.4, 0.35, 0.2, 0.1]
    assert fitted(tmp_path / "two", losses, patience=2).next_epoch == 4
    assert fitted(tmp_path / "three", losses, patience=3).next_epoch == 6
    assert fitted(tmp_path / "none", losses).next_epoch == 6
    # One that has ended stays so, however often it is started.
    assert fitted(tmp_path / "two", losses, patience=2).next_epoch == 4


def test_the_weights_of_the_best_epoch_are_kept(tmp_path: Path) -> None:
    fitted(tmp_path / "short", [0.5, 0.3])
    fitted(tmp_path / "best last", [0.5, 0.3, 0.2])
    fitted(tmp_path / "best before", [0.5, 0.1, 0.2])
    read = {
        (folder, name): (tmp_path / folder / f"{name}.safetensors").read_bytes()
        for folder in ("short", "best last", "best before")
        for name in ("weights", "best")
    }
    assert read["best last", "best"] == read["best last", "weights"]
    assert read["best before", "best"] != read["best before", "weights"]


def test_a_validation_loss_that_is_not_finite_stops_before_it_is_kept(tmp_path: Path) -> None:
    with pytest.raises(NotFinite, match=r"'epoch': 1, .*'val_loss': nan"):
        fitted(tmp_path, [0.5, float("nan"), 0.3])
    assert [row["val_loss"] for row in rows_of(tmp_path)] == ["0.5"]
    assert Run(linear(), replace(PLAN, epochs=3), tmp_path).next_epoch == 1


def test_every_epoch_is_in_the_log_and_once_on_tensorboard(tmp_path: Path) -> None:
    with pytest.raises(IndexError):
        fitted(tmp_path, [0.5, 0.3], epochs=3)
    fitted(tmp_path, [0.5, 0.3, 0.4])  # goes on
    assert [row["val_loss"] for row in rows_of(tmp_path)] == ["0.5", "0.3", "0.4"]
    from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

    shown = EventMultiplexer().AddRunsFromDirectory(str(tmp_path)).Reload()
    events = shown.Scalars("tensorboard", "val_loss")
    assert [(event.step, round(event.value, 4)) for event in events] == [
        (0, 0.5), (1, 0.3), (2, 0.4),
    ]  # fmt: skip


def test_a_full_disk_is_told_and_costs_no_earlier_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(IndexError):
        fitted(tmp_path, [0.5], epochs=2)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OutputError, match=r"state\.pt: no space left on the device"):
        fitted(tmp_path, [0.5, 0.4])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_log_for_tensorboard_that_cannot_be_written_is_told_and_the_run_goes_on_later(
    tmp_path: Path,
) -> None:
    (tmp_path / "tensorboard").write_text("in the way")
    with pytest.raises(OutputError, match=r"tensorboard: "):
        fitted(tmp_path, [0.5, 0.4])
    (tmp_path / "tensorboard").unlink()
    fitted(tmp_path, [0.5, 0.4])
    assert [row["val_loss"] for row in rows_of(tmp_path)] == ["0.5", "0.4"]


class FullDisk(io.BytesIO):
    """Takes a kilobyte."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self.tell() + len(data) > 1024:
            raise OSError(28, "No space left on device")
        return super().write(data)


def test_a_disk_that_fills_while_pytorch_writes_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def full(path: Path, *how: object, **named: object) -> object:
        return FullDisk() if path.suffix == ".part" else opened(path, *how, **named)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match=r"state\.pt: no space left on the device"):
        fitted(tmp_path, [0.5])


@pytest.mark.parametrize("kept", [0, 3, 1000])
def test_a_state_that_was_cut_off_is_named(tmp_path: Path, kept: int) -> None:
    fitted(tmp_path, [0.5, 0.4])
    state = tmp_path / "state.pt"
    state.write_bytes(state.read_bytes()[:kept])
    with pytest.raises(
        DataError, match=r"state\.pt: damaged \(.+\); without it the run begins anew"
    ):
        fitted(tmp_path, [0.5, 0.4])


def test_the_state_of_another_network_is_refused(tmp_path: Path) -> None:
    train(tmp_path, 1)
    with pytest.raises(DataError, match=r"state\.pt: not the state of such a network"):
        Run(linear(), PLAN, tmp_path)


@pytest.mark.parametrize("change", [{"epochs": 8}, {"steps": 6}])
def test_a_run_whose_steps_became_others_is_not_gone_on_with(
    tmp_path: Path, change: dict[str, int]
) -> None:
    train(tmp_path, 1)
    with pytest.raises(DataError, match="begun with 12 steps, and recipe and data now make 24"):
        Run(network(), replace(PLAN, **change), tmp_path)


class Listener(Watcher):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def said(self, line: str) -> None:
        self.heard.append(line)


def test_a_run_that_is_over_says_so(tmp_path: Path) -> None:
    fitted(tmp_path, [0.5, 0.4])
    listener = Listener()
    run = Run(linear(), replace(PLAN, epochs=2), tmp_path, watcher=listener)
    fit(run, 1, lambda _: [], lambda _: {})
    assert listener.heard == ["this run is over already, after 2 epochs"]


def test_too_few_items_for_a_batch_are_refused() -> None:
    assert plan_of(ClassifierRecipe(batch=4), 4, 0.1).steps == 1
    with pytest.raises(DataError, match="side: its 3 pictures do not fill a batch of 4"):
        plan_of(ClassifierRecipe(batch=4), 3, 0.1)


SHARED_RUN = "tests.maskwatch_train.running.shared_run"
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


@pytest.mark.parametrize(("launcher", "devices"), [((), "2"), (TORCHRUN, "auto")])
def test_two_processes_share_batches_and_end_like_one(
    launcher: Sequence[str], devices: str, tmp_path: Path, checkout: Path
) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    program(checkout, SHARED_RUN, alone, 1)
    told = program(checkout, SHARED_RUN, together, devices, launcher=launcher)
    # Not by lines: both write to one pipe, and one may come between the other and its line break.
    assert sorted(re.findall(r"[01] of 2", told)) == ["0 of 2", "1 of 2"]
    expected = load_file(alone / "weights.safetensors")
    for name, value in load_file(together / "weights.safetensors").items():
        torch.testing.assert_close(value, expected[name], rtol=0.02, atol=0.01)  # bfloat16
    for one, two in zip(rows_of(alone), rows_of(together), strict=True):
        assert one.keys() == two.keys()
        assert float(two["loss"]) == pytest.approx(float(one["loss"]), rel=0.05)
        assert float(two["val_loss"]) == pytest.approx(float(one["val_loss"]), rel=0.05)


def test_machines_that_would_go_on_from_other_epochs_are_refused(
    tmp_path: Path, checkout: Path
) -> None:
    program(checkout, SHARED_RUN, tmp_path / "of-0", 1)
    command = [sys.executable, "-m", SHARED_RUN, str(tmp_path / "of-{rank}"), "2"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "the processes of this run would begin at epochs 0 and 3" in done.stderr


@pytest.mark.parametrize("devices", ["0", "-1", "two"])
def test_a_wrong_number_of_devices_is_refused(devices: str) -> None:
    with pytest.raises(UsageError, match="--devices must be auto or a number above 0"):
        launched(devices)


def test_so_many_devices_on_so_many_machines_share_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Launched(Exception):
        pass

    def fabric(**asked: object) -> None:
        raise Launched(asked["devices"], asked["num_nodes"])

    monkeypatch.setattr("maskwatch_train.running.hardware.Fabric", fabric)
    with pytest.raises(Launched) as caught:
        launched("2", 3)
    assert caught.value.args == (2, 3)


def test_more_graphics_processors_than_there_are_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UsageError, match="2 devices are wanted, and graphics processors here: 1"):
        launched("2")


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    class ThreeProcesses:
        world_size, global_rank = 3, 1

    with pytest.raises(UsageError, match="a batch of 16 cannot be shared evenly by 3 processes"):
        share_of(16, ThreeProcesses())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("capabilities", "wanted"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, "32-true"),
        ({"avx512_bf16": True, "amx_bf16": False}, "bf16-mixed"),
        ({"neon": True, "bf16": True}, "bf16-mixed"),
        ({}, "32-true"),
    ],
)
def test_processors_without_bfloat16_compute_in_float32(
    capabilities: dict[str, bool], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Emulated it takes several times as long."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert precision() == wanted
    weights = torch.ones(2, 2)
    with mixed(torch.device("cpu")):
        kind = (weights @ weights).dtype
    assert kind is (torch.float32 if wanted == "32-true" else torch.bfloat16)


def test_graphics_processors_without_bfloat16_get_half_floats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    # So answers PyTorch on those before Ampere: what they do not know is emulated.
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation
    )
    assert precision() == "16-mixed"
    # PyTorch refuses the other there.
    assert mixed(torch.device("cpu")).fast_dtype is torch.float16
