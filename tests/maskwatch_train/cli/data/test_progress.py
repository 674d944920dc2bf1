from __future__ import annotations

import io

import pytest
from rich.console import Console

from maskwatch_train.cli.data import progress


@pytest.mark.parametrize(("watched", "shown"), [(True, True), (False, False)])
def test_each_call_moves_the_bar_where_somebody_watches(
    watched: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    console = Console(file=said, force_terminal=watched, width=120)
    monkeypatch.setattr(progress, "console", console)
    with progress.counting(max, "Looking", 3) as counted:
        assert [counted(1, 2), counted("b", "ab", key=len)] == [2, "ab"]
    assert ("Looking" in said.getvalue() and "2/3" in said.getvalue()) is shown
