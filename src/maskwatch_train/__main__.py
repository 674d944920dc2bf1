"""``python -m maskwatch_train``: the same as the program ``maskwatch-train``."""

from maskwatch_train.cli.main import run

run()
