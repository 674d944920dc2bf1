from __future__ import annotations

import os

import pytest
from rich.console import Console

from maskwatch_train.cli.say import say


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"wrote /{'long/' * 50}report.html", f"wrote /{'long/' * 50}report.html"),
        ("wrote runs/[best]/model and runs/[/b]", "wrote runs/[best]/model and runs/[/b]"),
        ("wrote " + os.fsdecode(b"J\xe9r"), "wrote J\\udce9r"),
        ("wrote :x:\x1b]0;x\x07\r.md\n  at once", "wrote :x:\\x1b]0;x\\x07\\r.md\n  at once"),
    ],
)
def test_a_line_is_printed_as_it_is(
    line: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    say(line, Console(width=40))
    assert capsys.readouterr().out == f"{told}\n"
