"""The episodes of a run as one JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from maskwatch.advice import advice_for
from maskwatch.outputs.files import STDOUT, is_one_way, output_errors, write_text
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
        target: a path, or ``-`` for standard output. There, and in a pipe, the list appears at the
            end.

    Raises:
        OutputError: the file cannot be made.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._listed: list[dict[str, Any]] = []
        with output_errors(target):
            self._is_rewritten = target != STDOUT and not is_one_way(Path(target))
        if self._is_rewritten:
            self._write()

    def add(self, episodes: Sequence[Episode]) -> None:
        """Adds to the list; raises OutputError."""
        self._listed.extend(episode_as_json(episode) for episode in episodes)
        if self._is_rewritten:
            self._write()

    def close(self) -> None:
        """Writes the list where it can be written only once."""
        if not self._is_rewritten:
            self._write()

    def _write(self) -> None:
        text = json.dumps(self._listed, ensure_ascii=False, allow_nan=False, indent=2)
        write_text(self._target, text + "\n")
