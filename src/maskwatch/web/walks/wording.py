"""What the report of an acceptance walk says, in words: for the page and for paper."""

from __future__ import annotations

from collections.abc import Sequence

from maskwatch.web.text import Words
from maskwatch.web.walks.report import WalkReport


def facts(words: Words, report: WalkReport) -> Sequence[tuple[str, str]]:
    """What was measured and how it came out."""

    def said(value: float | None, unit: str, digits: int = 1) -> str:
        return words("walk.none") if value is None else f"{words.number(value, digits)} {unit}"

    alarms = words(
        "walk.alarms", count=report.false_alarms, minutes=words.number(report.quiet_hours * 60)
    )
    per_hour = report.false_alarms_per_hour
    untested = words("walk.untested_because", count=report.untested)
    return (
        (words("walk.usable"), said(report.usable_m, "m")),
        (words("walk.smallest"), said(report.smallest_face_px, "px", 0)),
        (words("walk.missed"), f"{report.missed} / {report.bare_walks}"),
        (
            words("walk.false_alarms"),
            words("walk.none") if per_hour is None else f"{words.number(per_hour)} ({alarms})",
        ),
        (words("walk.to_alarm"), said(report.seconds_to_alarm, "s")),
        (words("walk.to_message"), said(report.seconds_to_message, "s")),
        *(((words("walk.untested"), untested),) if report.untested else ()),
    )


def was_right(words: Words, right: bool | None) -> str:
    """How a mark came out."""
    return {True: words("walk.right"), False: words("walk.not_right"), None: "–"}[right]  # noqa: RUF001
