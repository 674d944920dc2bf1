from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from maskwatch_train.engine import NotFinite, Run, Schedule  # noqa: E402

SCHEDULE = Schedule(epochs=4, steps=3, learning_rate=0.05, weight_decay=0.01, ema=0.9, warmup=0.25)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 1))


def loss(run: Run, epoch: int, step: int) -> dict[str, Tensor]:
    torch.manual_seed(100 * epoch + step)
    return {"loss": run.network(torch.randn(8, 3, 4, 4)).square().mean()}


def train(folder: Path, until: int) -> Run:
    run = Run(network(), SCHEDULE, folder)
    while run.next_epoch < until:
        run.network.train()
        for step in range(SCHEDULE.steps):
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


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    train(tmp_path, 4)
    rows = [row.split(",") for row in (tmp_path / "log.csv").read_text().splitlines()[1:]]
    assert float(rows[-1][1]) < float(rows[0][1])


def test_a_loss_that_is_not_finite_stops_with_its_numbers(tmp_path: Path) -> None:
    run = Run(network(), SCHEDULE, tmp_path)
    with pytest.raises(NotFinite, match=r"epoch 0: \{'box': nan, 'obj': 1\.0\}"):
        run.step({"box": torch.tensor(float("nan")), "obj": torch.tensor(1.0)})


def test_a_crash_between_epochs_leaves_the_last_state(tmp_path: Path) -> None:
    train(tmp_path, 1)
    (tmp_path / "state.part").write_bytes(b"half written")
    assert Run(network(), SCHEDULE, tmp_path).next_epoch == 1


def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 1))


def test_a_constant_learning_rate_stays(tmp_path: Path) -> None:
    settings = replace(SCHEDULE, constant=True, weight_decay=0.0, ema=0.0)
    run = Run(linear(), settings, tmp_path)
    expected = linear()
    adam = torch.optim.Adam(expected.parameters(), lr=SCHEDULE.learning_rate)
    for step in range(6):
        torch.manual_seed(step)
        inputs = torch.randn(8, 3, 4, 4)
        run.step({"loss": run.network(inputs).square().mean()})
        adam.zero_grad()
        expected(inputs).square().mean().backward()
        adam.step()
    for ours, theirs in zip(run.averaged.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
