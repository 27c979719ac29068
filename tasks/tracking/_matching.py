"""Matching as several operations do it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from backend.tracking.kernel.losses import GONE, Losses
from backend.tracking.models import Project
from backend.tracking.services import concerned, matching, matching_changes
from backend.tracking.services.matching import ProjectMatching
from backend.tracking.services.owners import ProjectOwners
from tasks.tracking._people import map_people
from upkeep.operations import RunContext

Figures = Counter[int | None]
"""How many entries each rule matches, by its place; None: how many none matches."""


def match(projects: Sequence[Project], run: RunContext) -> None:
    """Match the work entries of these projects with tasks, and give each task its owner.

    People are mapped to users first. Entries and tasks of a project where nothing has changed since its last matching
    are not read: they count as unchanged. The result is reported under `matching`, by the project's code.

    Raises:
        RuleError: a rule cannot be applied; nothing was done.
    """
    figures_by_code = {}
    for project in projects:
        ProjectMatching(project)  # raises what is wrong with its rules before anything is done
    for organization in {project.organization for project in projects}:
        map_people(organization, run)
    for project in projects:
        is_resumed = _step(project) in run.counts_by_step
        is_due = _is_due(project, run, is_resumed=is_resumed)
        found = ProjectMatching(project)
        scope = _scope(found, run) if is_due else Scope(set(), set())
        figures, losses = _matched(found, run, scope)
        if is_due:
            _owned(found.project, run, None if is_resumed else scope)
            _settle(found, run, scope)
        for line in (*_lines(found, figures), *_lost(found, losses, dry_run=run.dry_run)):
            run.report(line)
        figures_by_code[found.project.code] = _result(found, figures, losses)
    if run.dry_run:
        run.report("Owners are those that follow from the matches as they are stored.")
    run.report(
        f"{_total(figures_by_code, 'matched')} matched, {_total(figures_by_code, 'unmatched')} unmatched in all",
        matching=figures_by_code,
    )


class Scope(NamedTuple):
    """The entries that a matching reads, and the tasks whose owners it looks at, besides those of the entries."""

    entries: set[UUID]
    tasks: set[UUID]


def _scope(found: ProjectMatching, run: RunContext) -> Scope | None:
    """What the changes since the last matching concern; None: the whole project, as in a dry run."""
    if run.dry_run or run.is_shared:
        return None
    changes = matching_changes.noted(found.project)
    entries = changes and concerned.entries(found.project, found.trackers, changes)
    return None if changes is None or entries is None else Scope(entries, changes.tasks | concerned.tasks(entries))


def _is_due(project: Project, run: RunContext, *, is_resumed: bool) -> bool:
    """Whether anything changed since the project was matched; if so, this run answers for it from here on.

    A run that is taken up again or divided has read things before: it matches, and leaves what was noted to the next.
    """
    if not (run.dry_run or run.is_shared or is_resumed):
        matching_changes.take(project, run.id)
    return run.is_shared or matching_changes.exist(project)


def _settle(found: ProjectMatching, run: RunContext, scope: Scope | None) -> None:
    """Let what this run answers for be done with, unless an item of it failed."""
    project = found.project
    counts = [run.counts_by_step[name] for name in (_step(project), _owners_step(project))]
    if not run.dry_run and not any(each["failed"] for each in counts):
        if scope is None:
            found.sweep()
        matching_changes.forget(project, run.id)


def _step(project: Project) -> str:
    return f"match {project.code}"


def _rest_step(project: Project) -> str:
    return f"unchanged {project.code}"


def _owners_step(project: Project) -> str:
    return f"owners {project.code}"


def _matched(found: ProjectMatching, run: RunContext, scope: Scope | None) -> tuple[Figures, Losses]:
    """Of all entries, as they are stored; in a dry run, as they would be. And what was lost."""
    entries = found.entries if scope is None else found.entries.filter(pk__in=scope.entries)
    with run.step(_step(found.project)) as step:
        for batch in step.batches(entries):
            matches = found.matches(*batch.keys, only=scope and scope.entries)
            if matches.changed or run.dry_run:
                plan = matching.PLAN if step.room else matching.BRIEF_PLAN
                tally = f"{matching.TALLY} UNION ALL {matching.MOVES}" if run.dry_run else matching.MOVES
                batch.commit_sql(plan=plan, write=matching.WRITE, params=found.write_params(matches), tally=tally)
    figures = found.figures(step.tally) if run.dry_run and scope is None else found.stored()
    if scope is not None:
        _count_rest(found.project, run, figures.total() - run.counts_by_step[_step(found.project)].processed)
    return figures, Losses(figures, found.moves(step.tally))


def _count_rest(project: Project, run: RunContext, number: int) -> None:
    """Entries that no change concerns are unchanged."""
    with run.step(_rest_step(project)) as step:
        for _ in step.batches(lambda _: [(range(number), None)] if number > 0 else []):
            pass


def _owned(project: Project, run: RunContext, scope: Scope | None) -> None:
    """Only tasks whose owner changes are items."""
    owners = ProjectOwners(project, scope and scope.tasks | concerned.tasks(scope.entries))
    with run.step(_owners_step(project)) as step:
        for batch in step.batches(owners.pages):
            batch.commit(batch.items, write=owners.write)


def _lines(found: ProjectMatching, figures: Figures) -> Iterator[str]:
    number, unmatched = figures.total(), figures[None]
    yield f"{found.project.code}: {number - unmatched:,} of {number:,} work entries matched"
    for place, rule in enumerate(found.rules):
        yield f"  {figures[place]:,} by {rule}"
    if unmatched:
        yield f"  {unmatched:,} by none"


def _lost(found: ProjectMatching, losses: Losses, *, dry_run: bool) -> Iterator[str]:
    """Where matches were lost, when they are many: something may have been renamed, deleted or hidden there."""
    if losses.are_many:
        were = "would be" if dry_run else "were"
        yield f"{found.project.code}: {losses.lost:,} of {losses.before:,} matches {were} lost"
        for loss in losses:
            rule = "a rule that is gone" if loss.rule == GONE else str(found.rules[loss.rule])
            yield f"  {loss.lost:,} by {rule}: {loss.before:,} → {loss.after:,}"


def _result(found: ProjectMatching, figures: Figures, losses: Losses) -> dict[str, Any]:
    by_rule = [
        {"rule": rule.name, "tracker": rule.tracker, "matched": loss.after, "before": loss.before, "lost": loss.lost}
        for rule, loss in zip(found.rules, map(losses.of, range(len(found.rules))), strict=True)
    ]
    return {
        "matched": figures.total() - figures[None],
        "unmatched": figures[None],
        "before": losses.before,
        "lost": losses.lost,
        "rules": by_rule,
    }


def _total(results: dict[str, dict[str, Any]], name: str) -> str:
    return f"{sum(figures[name] for figures in results.values()):,}"
