"""The report of an acceptance walk, to print."""

from __future__ import annotations

from datetime import tzinfo

from maskwatch.store.records import WalkRecord
from maskwatch.types import State
from maskwatch.web.printing.paper import COLOURS, FAINT, Paper
from maskwatch.web.text import Words
from maskwatch.web.walks.report import WalkReport
from maskwatch.web.walks.wording import facts, was_right

_COLOURS = {True: COLOURS[State.MASK], False: COLOURS[State.NO_MASK], None: FAINT}


def draw_walk(words: Words, walk: WalkRecord, timezone: tzinfo, version: str) -> Paper:
    """The report to print."""
    report = WalkReport.of(walk.report)
    paper = Paper([words("walk.small_sample"), f"maskwatch {version}"])
    paper.line(words("walk.title", camera=walk.camera), 52)
    start, end = (each.astimezone(timezone) for each in (walk.started_at, walk.ended_at))
    paper.line(f"{start:%Y-%m-%d %H:%M} – {end:%H:%M %Z}, {walk.walked_by}", 28, FAINT)  # noqa: RUF001
    paper.space(40)
    for measured, said in facts(words, report):
        paper.row(measured, said)
    if report.distances:
        paper.heading(words("walk.by_distance"))
    for each in report.distances:
        name = words("walk.at", distance=words.number(each.distance_m, None))
        for key, right in (("walk.masked", each.masked_right), ("walk.bare", each.bare_right)):
            paper.row(f"{name}: {words(key)}", was_right(words, right), _COLOURS[right])
    return paper
