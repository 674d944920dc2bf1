"""Networks that teach a network."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from maskwatch_train.classifier.teachers import Teachers, distances


class Says(nn.Module):
    """A network that gives every crop the same probabilities."""

    def __init__(self, *probabilities: float) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(probabilities).log())

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        return self.logits.expand(len(inputs), -1), torch.zeros(len(inputs), 4)


def test_teachers_say_the_geometric_mean_of_what_each_says() -> None:
    told = Teachers([(Says(0.8, 0.2), 8), (Says(0.5, 0.5), 8)])(torch.zeros(3, 3, 8, 8))

    assert told.shape == (3, 2)
    # sqrt(0.8 * 0.5) : sqrt(0.2 * 0.5) is 2 : 1.
    torch.testing.assert_close(told.exp()[0], torch.tensor([2 / 3, 1 / 3]))


def test_teachers_are_not_trained() -> None:
    teacher = Says(0.8, 0.2)
    pupil = nn.Parameter(torch.zeros(1, 2))

    distances(pupil, Teachers([(teacher, 8)])(torch.zeros(1, 3, 8, 8))).sum().backward()

    assert teacher.logits.grad is None
    assert pupil.grad is not None
    assert pupil.grad[0, 0] < 0 < pupil.grad[0, 1]


def test_nothing_is_left_to_learn_for_a_pupil_that_says_the_same() -> None:
    told = Teachers([(Says(0.8, 0.2), 8)])(torch.zeros(2, 3, 8, 8))

    assert distances(told + 5.0, told).tolist() == pytest.approx([0.0, 0.0], abs=1e-6)
    apart = 0.6 * math.log(4.0)
    assert distances(told.flip(1), told).tolist() == pytest.approx([apart, apart])


class SaysBrightness(nn.Module):
    """Says how bright the upper half of a crop of 8 pixels is; knows no other size."""

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        assert inputs.shape[-2:] == (8, 8)
        upper, lower = inputs[:, 0, :4].mean(dim=(1, 2)), inputs[:, 0, 4:].mean(dim=(1, 2))
        return torch.stack([upper, lower], dim=1), torch.zeros(len(inputs), 4)


def test_a_teacher_sees_crops_at_its_own_size() -> None:
    crops = torch.zeros(2, 3, 16, 16)
    crops[0, :, :8] = 1.0
    told = Teachers([(SaysBrightness(), 8)])(crops)

    assert told[0, 0] - told[0, 1] == pytest.approx(1.0, abs=0.15)  # the border is smoothed
    assert told[1, 0] == told[1, 1]


def test_there_must_be_a_teacher() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Teachers([])
