"""What is in the database after the demo, in tables that fit into 80 columns."""

from django.db.models import F, Sum
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backend.tracking.models import Task
from upkeep.operations.models import Run
from upkeep.operations.plans import ACTIONS
from upkeep.operations.terminal.escaping import plain

MAX_TASKS = 8


def show_hours(console: Console) -> None:
    """What the tasks of the demo organization took, those with the most work first."""
    table = _table("What tasks took, and what was estimated", "task", "title", "owner")
    for heading in ("hours", "estimate"):
        table.add_column(heading, justify="right", no_wrap=True)
    tasks = Task.objects.filter(tracker__project__organization__code="demo").select_related("owner").annotate(
        taken=Sum("matches__entry__duration")
    ).order_by(F("taken").desc(nulls_last=True), "code")  # fmt: skip
    for task in tasks[:MAX_TASKS]:
        hours = task.taken.total_seconds() / 3600 if task.taken else 0
        estimate = "" if task.estimate is None else f"{task.estimate:.1f}"
        owner = str(task.owner or "").removeprefix("demo-")
        _add(table, task.code, task.title, owner, f"{hours:.1f}", estimate)
    console.print()
    console.print(table)


def show_runs(console: Console) -> None:
    """What happened, read from where every run is recorded."""
    table = _table("Every run is a row in PostgreSQL", "operation", "where", "status", "items")
    for run in Run.objects.filter(parent=None).order_by("created_at"):
        items = ", ".join(f"{run.counts[action]} {action}" for action in ACTIONS if run.counts.get(action))
        _add(table, run.operation.rpartition(".")[2], _where(run), run.status, items or "nothing to do")
    console.print()
    console.print(table)


def _add(table: Table, *cells: str) -> None:
    table.add_row(*(Text(plain(cell)) for cell in cells))  # a text is no markup


def _where(run: Run) -> str:
    if run.dry_run:
        return "preview"
    if run.origin.startswith("beat"):
        return "Beat"
    return "worker" if run.queue else "here"


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading in ("task", "operation", "where", "status", "owner"))
    return table
