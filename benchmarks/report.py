"""``python -m benchmarks.report``: tables and plots of what was measured.

Reads the JSON of ``benchmarks``, ``benchmarks.quality``, ``benchmarks.cameras`` and
``benchmarks.events``, as far as they are given, and writes ``performance-*.png`` and a Markdown
file with the tables.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

_ORDER = ("maskwatch", "textbook", "pypi, detector kept", "pypi", "decode only")
_COLOURS = dict(zip(_ORDER, ("#0b7285", "#e8590c", "#868e96", "#343a40", "#adb5bd"), strict=True))
_HEAD = """# Performance: all tables

Made by `python -m benchmarks.report`; [performance.md](../performance.md) says what was measured
and how. Of pictures and clips: processor / clock milliseconds per picture or frame, medians, behind
the latter its quartiles; in brackets as multiples of maskwatch's."""
_SHADES = ("#0b7285", "#1098ad", "#22b8cf", "#e8590c", "#f76707", "#fd7e14", "#fab005")


def main() -> None:
    """Writes everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("--speed", type=Path)
    parser.add_argument("--quality", type=Path)
    parser.add_argument("--cameras", type=Path)
    parser.add_argument("--events", type=Path, nargs="*", default=[])
    parser.add_argument("--images", type=Path, required=True, help="folder for the plots")
    parser.add_argument("--tables", type=Path, required=True, help="Markdown file")
    wanted = parser.parse_args()
    parts = []
    if wanted.speed:
        data = json.loads(wanted.speed.read_text())
        figures = _latest(data["figures"])
        parts += [speed_table(figures, stills=stills) for stills in (True, False)]
        parts.append(process_table(data["processes"]))
        _save(stills_plot(figures), wanted.images / "performance-stills.png")
    if wanted.quality:
        parts.append(quality_table(json.loads(wanted.quality.read_text())))
    if wanted.cameras:
        costs = json.loads(wanted.cameras.read_text())
        parts.append(cameras_table(costs))
        _save(cameras_plot(costs), wanted.images / "performance-cameras.png")
    results = [each for path in wanted.events for each in json.loads(path.read_text())]
    if results:
        parts.append(events_table(results))
        _save(events_plot(results), wanted.images / "performance-events.png")
    wanted.tables.write_text("\n\n".join([_HEAD, *parts]) + "\n")


def speed_table(figures: Sequence[dict[str, Any]], *, stills: bool) -> str:
    """Milliseconds per picture, or per frame of a clip, and how many times as long as maskwatch."""
    names = [name for name in _ORDER if any(each["contestant"] == name for each in figures)]
    rows = []
    for threads in sorted({each["threads"] for each in figures}, reverse=True):
        for subject in _subjects(figures, threads, stills=stills):
            group = _group(figures, subject, threads)
            if not set(names) - set(group):
                cells = (_cell(group, name, clip=not stills) for name in names)
                rows.append([str(threads), subject, *cells])
    return _table(["threads", "picture" if stills else "clip", *names], rows)


def process_table(runs: dict[str, dict[str, float]]) -> str:
    """Whole runs of the program."""
    rows = [
        [name, f"{run['cpu_s']:.2f} s", f"{run['wall_s']:.2f} s", f"{run['peak_mb']:.0f} MB"]
        for name, run in runs.items()
    ]
    return _table(["run", "processor", "on the clock", "memory at its peak"], rows)


def quality_table(clips: Sequence[dict[str, Any]]) -> str:
    """What looking rarely changes, beside looking at every frame."""
    head = ["clip", "people in frames", "in the same place by default", "and state", "people"]
    rows = [
        [
            each["clip"],
            f"{each['rows']:,}",
            f"{each['found']:.1%}",
            f"{each['same_state']:.1%}",
            " / ".join(str(count) for count in each["people"].values()),
            *(_episodes(episodes) for episodes in each["episodes"].values()),
        ]
        for each in clips
    ]
    return _table([*head, "episodes, every frame looked at", "episodes, default"], rows)


def _episodes(episodes: Sequence[tuple[str, float, float]]) -> str:
    """What was wrong, from when until when."""
    return (
        "; ".join(f"{what} {start:.1f} to {end:.1f} s" for what, start, end in episodes) or "none"
    )


def cameras_table(costs: Sequence[dict[str, float]]) -> str:
    """What cameras cost."""
    rows = [
        [
            f"{each['cameras']:.0f}",
            f"{each['looked_at']:.1f} of {each['offered']:.1f}",
            f"{each['processors']:.2f}",
            f"{each['resident_mb']:.0f}",
            f"{each['proportional_mb']:.0f}",
        ]
        for each in costs
    ]
    head = ["cameras", "pictures a second looked at", "processors busy", "resident MB", "own MB"]
    return _table(head, rows)


def events_table(results: Sequence[dict[str, Any]]) -> str:
    """Milliseconds per query."""
    columns = [f"{each['database']}, {_short(each['events'])}" for each in results]
    rows = [[query, *(_ms(each["ms"][query]) for each in results)] for query in results[0]["ms"]]
    return _table(["query", *columns], rows)


def stills_plot(figures: Sequence[dict[str, Any]]) -> plt.Figure:
    """Processor time against faces, one panel per size."""
    sizes = ("640x360", "1280x720", "1920x1080")
    figure, panels = plt.subplots(1, len(sizes), figsize=(13, 4.2), sharey=True)
    for panel, size in zip(panels, sizes, strict=True):
        for name in _ORDER:
            points = sorted(
                (int(each["subject"].split()[0]), each["cpu_ms"])
                for each in figures
                if each["contestant"] == name
                and each["subject"].endswith(size)
                and each["threads"] == 2
            )
            if points:
                panel.plot(*zip(*points, strict=True), "o-", label=name, color=_COLOURS[name])
        panel.set(title=size, xlabel="faces in the picture", xscale="log", yscale="log")
        panel.set_xticks([1, 5, 20, 50], ["1", "5", "20", "50"])
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("processor milliseconds per picture")
    panels[-1].legend(frameon=False, fontsize=8)
    return figure


def cameras_plot(costs: Sequence[dict[str, float]]) -> plt.Figure:
    """Processors and memory against cameras."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
    cameras = [each["cameras"] for each in costs]
    left.plot(cameras, [each["processors"] for each in costs], "o-", color=_SHADES[0])
    left.set(xlabel="cameras (1280x720, 5 pictures a second)", ylabel="processors busy", ylim=0)
    right.plot(
        cameras, [each["resident_mb"] for each in costs], "o-", label="resident", color=_SHADES[0]
    )
    right.plot(
        cameras, [each["proportional_mb"] for each in costs], "o-", label="own", color=_SHADES[3]
    )
    right.set(xlabel="cameras", ylabel="MB, all processes", ylim=0)
    right.legend(frameon=False)
    for panel in (left, right):
        panel.grid(alpha=0.3)
    return figure


def events_plot(results: Sequence[dict[str, Any]]) -> plt.Figure:
    """Latency against events, one panel per database."""
    kinds = list(dict.fromkeys(each["database"] for each in results))
    figure, panels = plt.subplots(
        1, len(kinds), figsize=(6.5 * len(kinds), 4.6), sharey=True, squeeze=False
    )
    for panel, kind in zip(panels[0], kinds, strict=True):
        ours = [each for each in results if each["database"] == kind]
        for i, query in enumerate(ours[0]["ms"]):
            colour, style = _SHADES[i % len(_SHADES)], "o-" if i < len(_SHADES) else "s--"
            panel.plot(
                [each["events"] for each in ours],
                [each["ms"][query] for each in ours],
                style,
                label=query,
                color=colour,
                markersize=4,
            )
        panel.set(title=kind, xlabel="events stored", xscale="log", yscale="log")
        panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("milliseconds per query")
    panels[0][-1].legend(frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _save(figure: plt.Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _latest(figures: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One of each thing measured: what was measured last."""
    return list({(f["contestant"], f["subject"], f["threads"]): f for f in figures}.values())


def _subjects(figures: Sequence[dict[str, Any]], threads: int, *, stills: bool) -> list[str]:
    found = (each["subject"] for each in figures if each["threads"] == threads)
    return [name for name in dict.fromkeys(found) if (" faces at " in name) == stills]


def _group(
    figures: Sequence[dict[str, Any]], subject: str, threads: int
) -> dict[str, dict[str, Any]]:
    return {
        each["contestant"]: each
        for each in figures
        if each["subject"] == subject and each["threads"] == threads
    }


def _cell(group: dict[str, dict[str, Any]], name: str, *, clip: bool = False) -> str:
    """Processor and wall milliseconds, the ratio of each to maskwatch's, and what came out."""
    figure, ours = group[name], group["maskwatch"]
    cpu, wall = figure["cpu_ms"], figure["wall_ms"]
    spread = f"{figure['wall_low_ms']:.1f} to {figure['wall_high_ms']:.1f}"
    text = f"{cpu:.1f} / {wall:.1f} ms, {spread}"
    if name != "maskwatch":
        text += f" (x {cpu / ours['cpu_ms']:.2g} / {wall / ours['wall_ms']:.2g})"
    if not clip and name != "decode only":
        text += f", {figure['result']} found"
    return text


def _ms(value: float | None) -> str:
    return "over 15,000" if value is None else f"{value:,.1f}"


def _short(number: int) -> str:
    return f"{number / 10**6:g} M" if number >= 10**6 else f"{number // 1000} k"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
