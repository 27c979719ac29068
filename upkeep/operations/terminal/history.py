"""What is recorded of runs, for people and for programs."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from io import StringIO
from shutil import get_terminal_size
from typing import Any, Literal

from django.utils import timezone

from upkeep.operations.models import Run, RunChange
from upkeep.operations.outcome import Outcome
from upkeep.operations.terminal.console import summary
from upkeep.operations.terminal.escaping import plain
from upkeep.operations.version import COMMIT

WIDE = 200
"""Columns of an output that is not a terminal."""
NUMBERS = ("items", "failed", "took")
LEFT_OUT = ("took", "created", "items", "failed")
"""Columns that a narrow terminal does not show; it begins with the first."""
MIN_OPERATION = 12
"""Columns that an operation's name needs to be recognised."""
COMMIT_DIGITS = 12
ID_DIGITS = 8
"""Of a run's id: how many a table shows, and the fewest that a command accepts."""


def table(runs: Iterable[Run], *, width: int | None = None) -> str:
    """The runs, one a line, with their ids whole.

    In `width` columns that are too few the operation is shortened, and in even fewer some columns are left out.
    """
    from rich import box  # noqa: PLC0415 - rich costs 10 MB, which most processes do not need
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rows = [_cells(run) for run in runs]
    headings = _headings(rows, width or WIDE)
    found = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for heading in headings:
        justify: Literal["right", "left"] = "right" if heading in NUMBERS else "left"
        ratio = 1 if heading == "operation" else None
        found.add_column(heading, justify=justify, no_wrap=True, overflow="ellipsis", ratio=ratio)
    for row in rows:
        found.add_row(*(Text(plain(row[heading])) for heading in headings))
    text = StringIO()
    console = Console(file=text, width=width or WIDE, color_system=None)
    found.expand = Console(width=10 * WIDE).measure(found).maximum > console.width  # then the operation gives way
    console.print(found)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def terminal_width() -> int:
    """Columns of the terminal, or of `COLUMNS`."""
    return get_terminal_size().columns


def described(run: Run) -> list[str]:
    """Everything that is recorded of a run but its changes and its log, in lines."""
    facts = {
        "run": str(run.pk),
        "params": ", ".join(f"{name}={value!r}" for name, value in run.params.items()),
        "started by": " · ".join(filter(None, (run.origin, run.system_user, str(run.user or "")))),
        "applies": f"preview {run.preview_id}{_selected(run)}" if run.preview_id else "",
        "applied by": ", ".join(str(pk) for pk in run.applications.filter(parent=None).values_list("pk", flat=True)),
        "about": ", ".join(run.subjects.order_by("name").values_list("name", flat=True)),
        "queue": run.queue or "none: in the foreground",
        "created": _local(run.created_at),
        "not before": _local(run.not_before) if run.status == Run.Status.QUEUED else "",
        "started": _local(run.started_at),
        "finished": _local(run.finished_at),
        "run by": f"{run.executor} (attempt {run.attempt})" if run.attempt > 1 else run.executor,
        "code": _versions(run),
        "cancelled": _local(run.cancel_at),
        "parts": ", ".join(f"{str(part.pk)[:ID_DIGITS]} {part.status}" for part in run.parts.order_by("created_at")),
        "error": run.error,
    }
    width = max(map(len, facts))
    return [*summary(Outcome.of(run)), *(plain(f"  {name:<{width}}  {fact}") for name, fact in facts.items() if fact)]


def as_json(run: Run) -> dict[str, Any]:
    """What is recorded of a run but its changes and its log, as programs get it; times are in UTC."""
    return {
        **Outcome.of(run).as_json(),
        "params": run.params,
        "origin": run.origin,
        "user": str(run.user) if run.user else None,
        "system_user": run.system_user,
        "preview": str(run.preview_id) if run.preview_id else None,
        "selection": run.selection,
        "queue": run.queue,
        "created_at": _utc(run.created_at),
        "started_at": _utc(run.started_at),
        "finished_at": _utc(run.finished_at),
        "cancel_at": _utc(run.cancel_at),
        "attempt": run.attempt,
        "versions": run.versions,
        "report": run.report,
    }


def change_as_json(change: RunChange) -> dict[str, Any]:
    """A change as programs get it: each field with its value before and after."""
    return {
        "step": change.step,
        "action": change.action,
        "key": change.key,
        "label": change.label,
        "fields": change.fields,
        "reason": change.reason,
    }


def _cells(run: Run) -> dict[str, str]:
    """What a table says of the run, by heading."""
    return {
        "run": str(run.pk)[:ID_DIGITS],
        "created": _local(run.created_at, "%Y-%m-%d %H:%M"),
        "operation": _operation(run),
        "status": f"{run.status}, unusual" if run.unusual else str(run.status),
        "items": _number(run, "processed"),
        "failed": _number(run, "failed"),
        "took": _took(run),
    }


def _headings(rows: list[dict[str, str]], width: int) -> list[str]:
    """The columns for which `width` leaves the operation enough room."""
    needed = {heading: max(len(heading), *(len(row[heading]) for row in rows)) + 2 for heading in rows[0]}
    needed["operation"] = MIN_OPERATION
    for heading in LEFT_OUT:
        if sum(needed.values()) > width:
            del needed[heading]
    return list(needed)


def _operation(run: Run) -> str:
    return run.operation.rpartition(".")[2] + (" --dry-run" if run.dry_run else "")


def _selected(run: Run) -> str:
    """Which of a preview's changes were approved."""
    return "".join(f", {name} {' '.join(values)}" for name, values in run.selection.items())


def _versions(run: Run) -> str:
    if not any(entry["version"] for entry in run.versions):
        return ""
    known = [(entry["attempt"], _short(entry["version"]) or "unknown") for entry in run.versions]
    if len(known) > 1:
        return ", ".join(f"{version} from attempt {attempt} on" for attempt, version in known)
    return known[0][1]


def _short(version: str) -> str:
    return version[:COMMIT_DIGITS] if COMMIT.fullmatch(version) else version


def _number(run: Run, name: str) -> str:
    number = run.counts.get(name, 0)
    return f"{number:,}" if number else ""


def _took(run: Run) -> str:
    if run.started_at is None:
        return ""
    seconds = ((run.finished_at or timezone.now()) - run.started_at).total_seconds()
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))  # noqa: PLR2004 - a minute


def _local(moment: datetime | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return timezone.localtime(moment).strftime(form) if moment else ""


def _utc(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
