from __future__ import annotations

from maskwatch.types import Fault, State
from maskwatch_train.synthesis import WearKind


def test_every_kind_but_a_well_worn_mask_is_a_fault():
    assert WearKind.MASK.state is State.MASK
    assert WearKind.MASK.fault is None
    wrong = [kind for kind in WearKind if kind is not WearKind.MASK]
    assert {kind.fault for kind in wrong} == set(Fault)
    assert {kind.state for kind in wrong} == {State.INCORRECT}
