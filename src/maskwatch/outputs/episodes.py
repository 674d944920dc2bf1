"""The episodes of a run as one JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from maskwatch.advice import advice_for
from maskwatch.outputs.files import STDOUT, write_text
from maskwatch.types import Episode


def episode_as_json(episode: Episode) -> dict[str, Any]:
    """The episode with the advice to its wearer, ready for JSON."""
    return {
        "source": episode.source,
        "track": episode.track,
        "state": episode.state.value,
        "fault": None if episode.fault is None else episode.fault.value,
        "start_s": round(episode.start_s, 3),
        "end_s": round(episode.end_s, 3),
        "best_frame": episode.best_frame,
        "ongoing": episode.ongoing,
        "advice": advice_for(episode.state, episode.fault),
    }


class EpisodesFile:
    """An ``EpisodeSink``: a JSON list, whole at any moment.

    Args:
        target: a path, or ``-`` for standard output, where the list appears at the end.

    Raises:
        OutputError: the file cannot be made.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._listed: list[dict[str, Any]] = []
        self._write_unless_stdout()

    def add(self, episodes: Sequence[Episode]) -> None:
        """Adds to the list; raises OutputError."""
        self._listed.extend(episode_as_json(episode) for episode in episodes)
        self._write_unless_stdout()

    def close(self) -> None:
        """Prints the list where it is wanted on standard output."""
        if self._target == STDOUT:
            self._write()

    def _write_unless_stdout(self) -> None:
        if self._target != STDOUT:
            self._write()

    def _write(self) -> None:
        text = json.dumps(self._listed, ensure_ascii=False, allow_nan=False, indent=2)
        write_text(self._target, text + "\n")
