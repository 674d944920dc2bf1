"""The report at the end of a run, for 80 columns and more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from maskwatch.advice import advice_for, words_for
from maskwatch.metrics.compliance import Compliance
from maskwatch.outputs.summary import RunSummary, Tally
from maskwatch.outputs.terminal import on_one_line, shortened
from maskwatch.types import Episode, Fault, State

MAX_SOURCES = 20
MAX_EPISODES = 12
_EPISODE_SOURCE_WIDTH = 20


def print_summary(console: Console, summary: RunSummary, written: Sequence[str] = ()) -> None:
    """Prints who was seen, how sure that is, what to tell them, and what went wrong.

    Args:
        console: where to.
        summary: of the run.
        written: where results lie.
    """
    if _anything_seen(summary):
        console.print(people_table(summary, console.width))
    console.print(notes(summary, written))


def people_table(summary: RunSummary, width: int = 80) -> Table:
    """One line per source, as far as they are few, and one for all.

    Args:
        summary: of the run.
        width: of the terminal, in columns; long names of sources give way.
    """
    seen = [source for source in summary.sources if source.frames]
    listed = seen if len(seen) <= MAX_SOURCES else seen[: MAX_SOURCES - 1]
    rows = [(source.source, _counts(source.tally)) for source in listed]
    if len(seen) > len(listed):
        others = sum((each.tally for each in seen[len(listed) :]), Tally(()))
        rows.append((f"{len(seen) - len(listed)} more", _counts(others)))
    header = ["people", *(words_for(state) for state in State), "compliance"]
    total = _counts(summary.total)
    columns = zip(header, total, *(counts for _, counts in rows), strict=True)
    # Each column has a space as padding and one as border; there are two more at the edges.
    taken = sum(2 + max(map(len, column)) for column in columns) + 3
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("source", no_wrap=True)
    for name in header:
        table.add_column(name, justify="right", no_wrap=True)
    for name, counts in rows:
        table.add_row(Text(shortened(name, max(width - taken, 10))), *counts)
    if len(seen) != 1:
        table.add_section()
        table.add_row("all", *total, style="bold")
    return table


def notes(summary: RunSummary, written: Sequence[str] = ()) -> Table:
    """What the numbers mean, in words: two columns, of which the second wraps."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    if _anything_seen(summary):
        grid.add_row("Compliance", compliance_sentence(summary))
    _add_lines(grid, "Faults", _fault_lines(summary.total))
    _add_lines(grid, "Advice", _advice_lines(summary.total))
    _add_lines(grid, "Episodes", _episode_lines(summary))
    _add_lines(grid, "Failed", _failure_lines(summary))
    _add_lines(grid, "Not reached", _cut_short(summary.not_reached, MAX_SOURCES))
    _add_lines(grid, "Written to", written)
    if summary.interrupted:
        grid.add_row("Stopped", "early, as asked; everything up to there is counted and written")
    return grid


def _anything_seen(summary: RunSummary) -> bool:
    """Else "nobody was found" would be said of a camera that does not answer."""
    return any(source.frames for source in summary.sources)


def compliance_sentence(summary: RunSummary) -> str:
    """Such as "75 %: 3 of 4 people wearing a mask properly (95 % interval 30 to 95 %)"."""
    tally = summary.total
    compliance = tally.compliance
    unknown = tally.in_state(State.UNKNOWN)
    share, low, high = compliance.share, compliance.low, compliance.high
    if share is None or low is None or high is None:
        return _why_no_rate(summary, unknown)
    moving = any(source.kind != "image" for source in summary.sources)
    people = "person" if compliance.judged == 1 else "people"
    wear = "always wore" if moving else "wearing"
    sentence = (
        f"{_percent(share)} %: {compliance.masked} of {compliance.judged} {people} "
        f"{wear} a mask properly (95 % interval {_percent(low)} to {_percent(high)} %)"
    )
    return f"{sentence}; {unknown} unknown, not counted" if unknown else sentence


def _why_no_rate(summary: RunSummary, unknown: int) -> str:
    if unknown:
        return "nobody could be judged"
    if any(source.readings for source in summary.sources):
        return "nobody was seen often and clearly enough to be counted"
    return "nobody was found"


def _counts(tally: Tally) -> list[str]:
    states = [str(tally.in_state(state)) for state in State]
    return [str(tally.people), *states, _short_compliance(tally.compliance)]


def _short_compliance(compliance: Compliance) -> str:
    if compliance.share is None:
        return "-"
    return f"{_percent(compliance.share)} % of {compliance.judged}"


def _percent(share: float) -> str:
    """Whole percent that says 0 and 100 only when it is exactly that."""
    if 0 < share <= 0.005:
        return "<1"
    if 0.995 <= share < 1:
        return ">99"
    return f"{100 * share:.0f}"


def _fault_lines(tally: Tally) -> list[str]:
    counted = [(fault, tally.with_fault(fault)) for fault in Fault]
    words = [f"{words_for(State.INCORRECT, fault)} {count}" for fault, count in counted if count]
    return [", ".join(words)] if words else []


def _advice_lines(tally: Tally) -> list[str]:
    return [
        f"{words_for(state, fault)}: {advice_for(state, fault)}"
        for (state, fault), _ in tally.conditions
        if state.is_violation
    ]


def _episode_lines(summary: RunSummary) -> list[str]:
    moving = [source for source in summary.sources if source.kind != "image"]
    lines = [_episode_line(episode, len(moving) > 1) for episode in summary.episodes]
    return _cut_short(lines, MAX_EPISODES, ": --episodes FILE lists all")


def _episode_line(episode: Episode, name_source: bool) -> str:
    source = f"{shortened(episode.source, _EPISODE_SOURCE_WIDTH)} " if name_source else ""
    end = " s to the end" if episode.ongoing else f"-{episode.end_s:.1f} s"
    what = words_for(episode.state, episode.fault)
    when = f"{episode.start_s:.1f}{end}"
    return f"{source}#{episode.track} {what} {when}, best frame {episode.best_frame}"


def _failure_lines(summary: RunSummary) -> list[str]:
    count = len(summary.source_errors)
    unread = [f"{count} {'source' if count == 1 else 'sources'}, named above"] if count else []
    unwritten = [f"to write {error.path}" for error in summary.output_errors]
    return unread + _cut_short(unwritten, MAX_SOURCES, ", named above")


def _cut_short(lines: Sequence[str], most: int, where: str = "") -> list[str]:
    """At most so many lines, the last of which says how many more there are, and where."""
    if len(lines) <= most:
        return list(lines)
    return [*lines[: most - 1], f"{len(lines) - most + 1} more{where}"]


def _add_lines(grid: Table, label: str, lines: Iterable[str]) -> None:
    for place, line in enumerate(lines):
        grid.add_row(label if place == 0 else "", Text(on_one_line(line)))
