"""Matching as several operations do it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from backend.operations.context import RunContext
from backend.tracking.models import Project
from backend.tracking.services import matching
from backend.tracking.services.matching import ProjectMatching
from backend.tracking.services.owners import ProjectOwners
from tasks.tracking.people import map_people

Figures = Counter[int | None]
"""How many entries each rule matches, by its place; None: how many none matches."""


def match(projects: Sequence[Project], run: RunContext) -> None:
    """Match the work entries of these projects with tasks, and give each task its owner.

    Who people are by now is looked at first. The result is told under `matching`, by the project's code.

    Raises:
        RuleError: a rule cannot be applied; nothing was done.
    """
    told = {}
    matchings = [ProjectMatching(project) for project in projects]
    for organization in {project.organization for project in projects}:
        map_people(organization, run)
    for found in matchings:
        figures = _matched(found, run)
        _owned(found.project, run)
        for line in _lines(found, figures):
            run.report(line)
        told[found.project.code] = _result(found, figures)
    if run.dry_run:
        run.report("Owners are those that follow from the matches as they are stored.")
    run.report(f"{_total(told, 'matched')} matched, {_total(told, 'unmatched')} unmatched in all", matching=told)


def _matched(found: ProjectMatching, run: RunContext) -> Figures:
    """Of all entries, as they are stored; in a dry run, as they would be."""
    with run.step(f"match {found.project.code}") as step:
        for batch in step.batches(found.entries):
            matches = found.matches(*batch.keys)
            if matches.changed or run.dry_run:
                plan = matching.PLAN if step.room else matching.BRIEF_PLAN
                tally = matching.TALLY if run.dry_run else ""
                batch.commit_sql(plan=plan, write=matching.WRITE, params=found.write_params(matches), tally=tally)
    return found.figures(step.tally) if run.dry_run else found.stored()


def _owned(project: Project, run: RunContext) -> None:
    """Only tasks whose owner changes are items."""
    owners = ProjectOwners(project)
    with run.step(f"owners {project.code}") as step:
        for batch in step.batches(owners.pages):
            batch.commit(batch.items, write=owners.write)


def _lines(found: ProjectMatching, figures: Figures) -> Iterator[str]:
    number, unmatched = figures.total(), figures[None]
    yield f"{found.project.code}: {number - unmatched:,} of {number:,} work entries matched"
    for place, rule in enumerate(found.rules):
        yield f"  {figures[place]:,} by {rule}"
    if unmatched:
        yield f"  {unmatched:,} by none"


def _result(found: ProjectMatching, figures: Figures) -> dict[str, Any]:
    by_rule = [
        {"rule": rule.name, "tracker": rule.tracker, "matched": figures[place]}
        for place, rule in enumerate(found.rules)
    ]
    return {"matched": figures.total() - figures[None], "unmatched": figures[None], "rules": by_rule}


def _total(told: dict[str, dict[str, Any]], name: str) -> str:
    return f"{sum(figures[name] for figures in told.values()):,}"
