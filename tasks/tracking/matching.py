"""Matching as several operations do it."""

from collections import Counter
from collections.abc import Sequence

from backend.operations.context import RunContext
from backend.tracking.models import Project
from backend.tracking.services import matching
from backend.tracking.services.matching import ProjectMatching


def match(projects: Sequence[Project], run: RunContext) -> None:
    """Match the work entries of these projects with tasks, and tell each task its owner.

    Raises RuleError before anything is done, when a rule cannot be applied.
    """
    for found in [ProjectMatching(project) for project in projects]:
        _matched(found, run)


def _matched(found: ProjectMatching, run: RunContext) -> None:
    planned: Counter[int | None] = Counter()
    with run.step(f"match {found.project.code}") as step:
        for batch in step.batches(found.entries, read=found.read, fetch=found.draft):
            matches = found.matches(batch.items, *batch.fetched)
            planned += matches.by_rule
            if matches.changed:
                plan = matching.PLAN if step.room else matching.BRIEF_PLAN
                batch.commit_sql(plan=plan, write=matching.WRITE, params=found.write_params(matches))
