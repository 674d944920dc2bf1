"""Contestants in processes of their own, measured in turn on the same pictures and clips."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True)
class Contestant:
    """How one is started."""

    name: str
    kind: str
    """A key of ``CONTESTANTS`` in the worker."""
    python: str = sys.executable
    options: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Figure:
    """Milliseconds of one contestant on one thing: a picture, or a frame of a clip."""

    contestant: str
    subject: str
    threads: int
    result: int
    """Faces judged, or frames."""
    wall_ms: float
    """Median over the rounds."""
    wall_low_ms: float
    """First quartile."""
    wall_high_ms: float
    """Third quartile."""
    cpu_ms: float
    """Processor time over all threads, median."""


class Worker:
    """A running contestant."""

    def __init__(self, contestant: Contestant, threads: int) -> None:
        self.contestant = contestant
        options = json.dumps(contestant.options or {})
        self._process = subprocess.Popen(
            [contestant.python, str(_WORKER), contestant.kind, str(threads), options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._answer()

    def do(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Has one thing done, and waits for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.contestant.name} ended with code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def running(contestants: Sequence[Contestant], threads: int) -> Iterator[list[Worker]]:
    """All contestants, each in its process; an idle one waits for input and costs nothing."""
    with ExitStack() as stack:
        workers = []
        for contestant in contestants:
            workers.append(Worker(contestant, threads))
            stack.callback(workers[-1].close)
        yield workers


def compare(
    workers: Sequence[Worker], subject: str, orders: Mapping[str, Any], threads: int, rounds: int
) -> list[Figure]:
    """Has all do the same in turn, the order turned round every time, after one that counts not.

    Args:
        workers: who takes part.
        subject: what it is called.
        orders: what each is told, by name of the contestant.
        threads: as they were started with.
        rounds: that count.
    """
    answers: dict[str, list[dict[str, Any]]] = {each.contestant.name: [] for each in workers}
    for turn in range(rounds + 1):
        for worker in workers if turn % 2 else reversed(workers):
            name = worker.contestant.name
            answer = worker.do(orders[name])
            if turn:
                answers[name].append(answer)
    return [_figure(name, subject, threads, each) for name, each in answers.items()]


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """For a file."""
    return [asdict(figure) for figure in figures]


def _figure(name: str, subject: str, threads: int, answers: list[dict[str, Any]]) -> Figure:
    is_video = "video" in answers[0].get("of", "")
    result = int(answers[0]["result"])
    per = max(result, 1) if is_video else 1
    wall = [1000 * each["wall_s"] / per for each in answers]
    low, _, high = quantiles(wall, n=4) if len(wall) > 1 else (wall[0], 0, wall[0])
    cpu = median(1000 * each["cpu_s"] / per for each in answers)
    return Figure(name, subject, threads, result, median(wall), low, high, cpu)
