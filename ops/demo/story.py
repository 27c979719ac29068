"""What the demo shows, in its order."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from ops.demo import homes
from ops.demo.stage import Lines, Stage
from ops.processes import ROOT, celery
from tests.servers.tmdb import KEY, tmdb_server
from upkeep.operations.models import Run
from upkeep.operations.outcome import Outcome
from upkeep.operations.states import ENDED
from upkeep.operations.terminal.console import summary

USERS = "username,full_name,email\nalice,Alice Ash,alice@example.com\nbob,Bob Birch,not an e-mail address\n"
MISSED = "collection.refresh_missing_details"
"""What was due in the night, while nothing ran."""
SUMMARY = re.compile(r"\w+\.\w+ \w+ in [\d.]+ s")
"""How a command's summary begins; before it are the changes."""


def tell(stage: Stage) -> None:
    """The main job: sample data here, the rest through the worker, previewed first. Raises StepFailedError."""
    users = stage.home / "users.csv"
    users.write_text(USERS, encoding="utf-8")
    with film_database(stage.home):
        try:
            stage.step("The database, made for this demo", "migrate", "--verbosity", "0")
            stage.start("worker", celery("worker", "--concurrency=2", "--loglevel=INFO"))
            show_dvds(stage)
            show_beat(stage)
            show_users(stage, users)
            show_work(stage)
            show_reports(stage)
            show_search(stage)
        finally:
            stage.stop()
    PeriodicTask.objects.update(enabled=True)


@contextmanager
def film_database(home: Path) -> Iterator[None]:
    """A film database on this machine; the home's settings lead there as long as it runs."""
    with tmdb_server(delay=0.02) as server:
        homes.configure(home, {"TMDB_API_URL": server.url, "TMDB_API_KEY": KEY, "TMDB_REQUESTS_PER_SECOND": "200"})
        try:
            yield
        finally:
            homes.configure(home)


def show_dvds(stage: Stage) -> None:
    """DVDs, and an operation on them that is previewed, done, and done again."""
    stage.step("Sample DVDs, here and now", "run_task", "load_sample_data", "--count", "300", "--sync")
    stage.step(
        "What would tidying up the certifications change? A preview, on the worker",
        "normalize_uk_certifications", "--dry-run", "--verbose", "--wait", shows=preview(5),
    )  # fmt: skip
    stage.step("Do it, on the worker", "run_task", "normalize_uk_certifications", "--wait")
    stage.step("Again: nothing is done twice", "normalize_uk_certifications", "--wait", shows=preview(0))
    stage.step(
        "Details from a film database (a stand-in on this machine), previewed",
        "refresh_missing_details", "--limit", "120", "--dry-run", "--verbose", "--wait", shows=preview(8),
    )  # fmt: skip


def show_beat(stage: Stage) -> None:
    """Beat fires what was missed, once. Nothing else of the schedule comes due before the demo has ended."""
    PeriodicTask.objects.exclude(task=MISSED).update(enabled=False)
    PeriodicTask.objects.filter(task=MISSED).update(last_run_at=timezone.now() - timedelta(days=2))
    stage.title("Beat: what came due while everything was down is done once", "celery -A backend beat")
    stage.start("beat", celery("beat", "--loglevel=INFO", "--pidfile="))
    run = stage.until(Run.objects.filter(operation=MISSED, dry_run=False, status__in=ENDED).first)
    PeriodicTask.objects.update(enabled=False)
    stage.show(summary(Outcome.of(run)))


def show_users(stage: Stage, users: Path) -> None:
    """What happens to mistakes."""
    file = str(users.relative_to(ROOT) if users.is_relative_to(ROOT) else users)
    stage.step(
        "Users from a file with a mistake in it: the others go on",
        "make_users", file, "--dry-run", "--verbose", "--wait", code=3,
    )  # fmt: skip
    stage.step(
        "Destroying data wants a confirmation: without one nothing is touched",
        "cleanup_unused_posters", code=2,
    )  # fmt: skip


def show_work(stage: Stage) -> None:
    """Tasks of an organization, and the hours that people worked on them."""
    stage.step("An organization with projects, tasks, and the hours that people worked", "make_demo_organization")
    stage.step("Which work was for which task? On the worker", "match_project", "demo", "--wait")
    stage.step(
        "Why was this entry matched, or not?",
        "explain_work_entry", "--username", "demo-anna.wimmer", "--max-count", "1", shows=explained,
    )  # fmt: skip


def show_reports(stage: Stage) -> None:
    """The same as views, and as a table."""
    stage.step("Views for Grafana, a spreadsheet, or SQL of your own", "make_reports")
    stage.step(
        "Who worked how many hours? As a table; or as CSV, a spreadsheet, a picture",
        "show_report", "work", "--organization", "demo", shows=beginning(6),
    )  # fmt: skip


def show_search(stage: Stage) -> None:
    """What was done already that is like it, and how long it took."""
    stage.step("An index of what tasks mean, by a model on this machine", "update_search", "demo", "--wait")
    stage.step(
        "Have we done something like this? In any language",
        "find_similar_tasks", "Anmeldung geht nicht", "--organization", "demo",
    )  # fmt: skip
    stage.step(
        "How long will a task take? By what similar ones took",
        "estimate_task", "#20", "demo", "guest-portal", "--max-results", "5",
    )  # fmt: skip


def preview(most: int) -> Callable[[Lines], Lines]:
    """The first lines of what would change, and the counts; not what the operation reports besides."""

    def shown(lines: Lines) -> Lines:
        at = next((number for number, line in enumerate(lines) if SUMMARY.match(line)), 0)
        left_out = at - most
        more = [f"… and {left_out:,} more lines of changes"] if most and left_out > 0 else []
        return [*lines[: min(at, most)], *more, *lines[at : at + 2]]

    return shown


def beginning(most: int) -> Callable[[Lines], Lines]:
    """The heading of a table and its first rows."""
    return lambda lines: [*lines[: most + 2], f"… and {len(lines) - most - 2:,} more rows"]


def explained(lines: Lines) -> Lines:
    """Of the JSON, what a person wants to know first."""
    [entry] = json.loads("\n".join(lines))["entries"]
    match = entry["match"] or {"rule": "none", "task": {"code": "no task", "title": ""}}
    return [
        f"work:  {entry['entry']['text']}",
        f"rule:  {match['rule']}",
        f"task:  {match['task']['code']} {match['task']['title']}",
        f"({len(lines)} lines of JSON in all)",
    ]
