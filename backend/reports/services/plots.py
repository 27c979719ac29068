"""Reports as pictures, readable with many members, in print, and for the colour-blind."""

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from backend.reports.kernel.selection import Unit

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7F7F7F")
"""Okabe and Ito's, which the colour-blind tell apart."""
HATCHES = ("", "///", "...", "xxx", "OO")
"""For the next eight of a stack, and so on."""
MAX_SERIES = len(COLOURS) * len(HATCHES)
MIN_PLACES = 5
"""For which there is room, so that the bars of a few periods are no blocks."""
MAX_TASKS = 25
MAX_POINTS = 100_000
OTHERS = "all others"
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
}
STACKS = {
    "work": ("Hours worked", "member", "hours"),
    "unmatched": ("Hours of work without a task", "reason", "hours"),
    "operations": ("Runs of operations", "status", "runs"),
}
"""Of reports by period: the title, what is stacked, and how high."""
Row = Mapping[str, Any]
Stack = dict[str, float]
Stacks = dict[Any, Stack]


def draw(name: str, records: Iterable[Row], unit: Unit, path: Path, kind: str) -> None:
    """Draw a report into a file of a kind that matplotlib knows: png, svg."""
    with mpl.rc_context(STYLE), warnings.catch_warnings(action="ignore", category=UserWarning):  # signs without a glyph
        if name == "estimates":
            figure = _estimates(records)
        elif name == "contributions":
            figure = _contributions(records)
        else:
            figure = _periods(*STACKS[name], records, unit)
        figure.savefig(path, format=kind, dpi=144, bbox_inches="tight", facecolor="white")


def _periods(title: str, series: str, height: str, records: Iterable[Row], unit: Unit) -> Figure:
    found: Stacks = defaultdict(lambda: defaultdict(float))
    for record in records:
        found[record["period"]][record[series]] += float(record[height])
    stacks: Stacks = {period: found.get(period, {}) for period in unit.between(min(found), max(found))} if found else {}
    labels = [f"{period:%b %Y}" if unit is Unit.MONTH else f"{period:%Y-%m-%d}" for period in stacks]
    figure = Figure(figsize=(max(8.0, min(24.0, 2 + 0.45 * len(labels))), 6))
    axes = figure.add_subplot()
    axes.grid(visible=False, axis="x")
    _stack(figure, axes.bar, [*range(len(labels))], [*stacks.values()], "bottom")
    _leave_room(axes.set_ylim, stacks.values())
    edge = max(0.6, (MIN_PLACES - len(labels)) / 2)
    axes.set_xlim(-edge, len(labels) - 1 + edge)
    step = max(1, len(labels) // 30)
    axes.set_xticks(range(0, len(labels), step), labels[::step], rotation=45, ha="right")
    axes.set_ylabel(height)
    axes.set_title(f"{title} by {unit}", loc="left", fontweight="bold")
    if not labels:
        _say_empty(figure)
    return figure


def _contributions(records: Iterable[Row]) -> Figure:
    tasks: Stacks = defaultdict(lambda: defaultdict(float))
    for record in records:
        tasks[record["project"], record["code"], record["title"]][record["member"]] += float(record["hours"])
    largest = sorted(tasks, key=lambda task: -sum(tasks[task].values()))[:MAX_TASKS][::-1]
    figure = Figure(figsize=(9, max(3.0, 1.2 + 0.32 * len(largest))))
    axes = figure.add_subplot()
    axes.grid(visible=False, axis="y")
    _stack(figure, axes.barh, [*range(len(largest))], [tasks[task] for task in largest], "left")
    _leave_room(axes.set_xlim, tasks.values())
    axes.margins(y=0.02)
    is_one_project = len({project for project, *_ in tasks}) == 1
    axes.set_yticks(range(len(largest)), [_shortened(" ".join(task[is_one_project:])) for task in largest])
    axes.set_xlabel("hours")
    number = f", the {MAX_TASKS} with most hours of {len(tasks):,}" if len(tasks) > MAX_TASKS else ""
    axes.set_title(f"Contributions to tasks{number}", loc="left", fontweight="bold")
    if not largest:
        _say_empty(figure)
    return figure


def _estimates(records: Iterable[Row]) -> Figure:
    pairs = [(float(record["estimated_hours"]), float(record["worked_hours"])) for record in records][:MAX_POINTS]
    figure = Figure(figsize=(7, 7))
    axes = figure.add_subplot()
    axes.set_title(f"Estimated and worked hours of {len(pairs):,} finished tasks", loc="left", fontweight="bold")
    axes.set_xlabel("estimated hours")
    axes.set_ylabel("worked hours")
    if not pairs:
        _say_empty(figure)
        return figure
    longest = 1.05 * max(map(max, pairs)) or 1
    axes.plot([0, longest], [0, longest], color="#555555", linewidth=1, linestyle="--", label="as estimated")
    opacity = max(0.1, min(0.7, 100 / len(pairs)))
    axes.scatter(
        [pair[0] for pair in pairs],
        [pair[1] for pair in pairs],
        s=22,
        color=COLOURS[0],
        alpha=opacity,
        linewidths=0,
        rasterized=True,
    )
    axes.set_xlim(0, longest)
    axes.set_ylim(0, longest)
    axes.set_aspect("equal")
    axes.legend(frameon=False, loc="upper left")
    return figure


def _stack(figure: Figure, draw_bars: Any, places: Sequence[int], stacks: Sequence[Stack], base: str) -> None:
    """Draw each series upon those before it, the largest first, with a legend beside them in the same order."""
    totals: Stack = defaultdict(float)
    for stack in stacks:
        for name, value in stack.items():
            totals[name] += value
    largest = sorted(totals, key=lambda name: -totals[name])
    shown = largest if len(largest) <= MAX_SERIES else largest[: MAX_SERIES - 1]
    heights = [[stack.get(name, 0.0) for stack in stacks] for name in shown]
    if len(totals) > len(shown):
        heights.append([sum(stack.get(name, 0.0) for name in largest[len(shown) :]) for stack in stacks])
        shown = [*shown, f"{OTHERS} ({len(largest) - len(shown)})"]
    below = [0.0] * len(places)
    for number, (name, values) in enumerate(zip(shown, heights, strict=True)):
        look = {"color": COLOURS[number % len(COLOURS)], "hatch": HATCHES[number // len(COLOURS)]}
        draw_bars(
            places, values, 0.8, **{base: below}, label=_shortened(name), edgecolor="white", linewidth=0.4, **look
        )
        below = [lower + value for lower, value in zip(below, values, strict=True)]
    if shown:
        columns = 1 + (len(shown) - 1) // 20
        figure.legend(loc="center left", bbox_to_anchor=(0.92, 0.5), frameon=False, ncols=columns, fontsize="small")


def _leave_room(limit: Callable[[float, float], object], stacks: Iterable[Stack]) -> None:
    """Let the axis begin at nothing, and end a little above the highest stack."""
    limit(0, 1.03 * max((sum(stack.values()) for stack in stacks), default=0) or 1)


def _shortened(text: str) -> str:
    """In one line; a dollar sign begins no formula, and a low line hides no name from the legend."""
    line = " ".join(text.split()).replace("$", r"\$")
    return "\u200b" * line.startswith("_") + (line if len(line) <= 48 else f"{line[:47]}…")  # noqa: PLR2004 - characters


def _say_empty(figure: Figure) -> None:
    figure.text(0.5, 0.5, "nothing to show", ha="center", va="center", color="#555555", fontsize="x-large")
