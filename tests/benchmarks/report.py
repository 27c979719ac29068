"""What a benchmark found, and the table of all of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rich.table import Table

Unit = Literal["x", "/s", "s", "MB", "ms", "messages", "refused", "%"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be."""

    sign: Literal["≥", "≤"]
    value: float

    def is_met(self, value: float) -> bool:
        """Whether a figure is good enough."""
        return value >= self.value if self.sign == "≥" else value <= self.value


def at_least(value: float) -> Goal:
    """This, or more."""
    return Goal("≥", value)


def at_most(value: float) -> Goal:
    """This, or less."""
    return Goal("≤", value)


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement."""

    name: str
    beside: str
    """What ours is compared with, or what it has to cope with."""
    value: float
    """What is compared with the goal: a ratio of ours to the other, or an absolute figure."""
    unit: Unit = "x"
    goal: Goal | None = None
    """None: measured for information."""
    ours: str = ""
    other: str = ""
    """The figure of the plain way, or of the least that any way would cost."""

    @classmethod
    def load(cls, dumped: dict[str, object]) -> "Row":
        """From the JSON of `dataclasses.asdict`."""
        goal = dumped.pop("goal")
        return cls(**dumped, goal=Goal(**goal) if isinstance(goal, dict) else None)  # type: ignore[arg-type]

    @property
    def verdict(self) -> str:
        """Whether the goal is met."""
        if self.goal is None:
            return ""
        return "met" if self.goal.is_met(self.value) else "MISSED"

    @property
    def figure(self) -> str:
        """The value with its unit."""
        return _shown(self.value, self.unit)

    @property
    def wanted(self) -> str:
        """The goal with its unit."""
        return f"{self.goal.sign} {_shown(self.goal.value, self.unit)}" if self.goal else ""

    def __str__(self) -> str:
        told = [f"{self.name}, {self.beside}: {self.figure}"]
        told += [f"ours {self.ours}"] if self.ours else []
        told += [f"other {self.other}"] if self.other else []
        told += [f"wanted {self.wanted}, {self.verdict}"] if self.goal else []
        return "; ".join(told)


def table(rows: Iterable[Row]) -> Table:
    """All rows for a terminal."""
    made = Table("", "beside", "ours", "plain or bare", "ratio", "wanted", "memory", "")
    for row in rows:
        memory = row.unit == "MB"
        ratio, peak = ("", row.figure) if memory else (row.figure, "")
        style = "bold red" if row.verdict == "MISSED" else ""
        made.add_row(row.name, row.beside, row.ours, row.other, ratio, row.wanted, peak, row.verdict, style=style)
    return made


def _shown(value: float, unit: Unit) -> str:
    whole = value >= 100 or value == int(value)
    number = f"{value:,.0f}" if whole else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return f"{number}{unit}" if unit in {"x", "/s"} else f"{number} {unit}"
