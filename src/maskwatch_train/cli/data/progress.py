"""Many items through one function, in threads, with a bar that says how long it will take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from maskwatch.cores import cores

Item = TypeVar("Item")
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

console = Console(stderr=True)


def advancing(results: Iterable[Result], title: str, total: int) -> Iterator[Result]:
    """Passes results on and moves a bar; shown only where somebody watches."""
    with _bar() as bar:
        task = bar.add_task(title, total=total)
        for result in results:
            bar.advance(task)
            yield result


@contextmanager
def counting(
    function: Callable[Arguments, Result], title: str, total: int
) -> Iterator[Callable[Arguments, Result]]:
    """The function, of which each call moves a bar; shown only where somebody watches."""
    with _bar() as bar:
        task = bar.add_task(title, total=total)

        def counted(*given: Arguments.args, **named: Arguments.kwargs) -> Result:
            result = function(*given, **named)
            bar.advance(task)
            return result

        yield counted


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


@contextmanager
def cancelling(executor: Executor) -> Iterator[Executor]:
    """An executor that drops what has not begun when the block fails or is interrupted."""
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], title: str
) -> list[Result]:
    """Results in the order of the items; pictures are decoded without Python's lock."""
    with cancelling(ThreadPoolExecutor(min(cores(), 8))) as executor:
        return list(advancing(executor.map(function, items), title, len(items)))
