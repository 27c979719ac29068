from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import model_validator

from backend.search import embedders
from backend.search.embedders.embedder import EmbedderError
from backend.search.services import index, states, vectors
from backend.tracking.models import Project
from backend.tracking.services.lookup import UnknownCodeError, projects
from tasks._organizations import enqueue_each
from tasks.tracking._subjects import of_organization
from upkeep.operations import Params, Positional, RunContext, operation
from upkeep.operations.counts import Counts

PARTS = 4
"""Into which the tasks of a large organization are split, for as many workers."""
MIN_SPLIT = 5_000
"""Outdated tasks from which on an organization is a large one."""


class UpdateSearch(Params):
    organization: Annotated[str | None, Positional()] = None
    """The organization's code. Default: all organizations, each in its own run on the workers."""
    project: Annotated[str | None, Positional()] = None
    """The project's code. Default: all projects of the organization."""
    full: bool = False
    """Embed all tasks, not only those that are new or changed."""

    @model_validator(mode="after")
    def _check_project(self) -> Self:
        if self.project is not None and self.organization is None:
            raise ValueError(f"project {self.project!r} of which organization?")
        return self


def _search(params: UpdateSearch) -> str | None:
    return f"search:{params.organization}" if params.organization else None


def _organization(params: UpdateSearch) -> str | None:
    return of_organization(params.organization) if params.organization else None


def _embedder_is_known(_params: UpdateSearch) -> None:
    embedders.check()


@operation(
    "search.update_search",
    exclusive=_search,
    about=_organization,
    configured=_embedder_is_known,
    partitions=PARTS,
    errors=(UnknownCodeError, EmbedderError),
    examples=(
        ("", "Update the index of all organizations, each in a run on the workers."),
        ("demo", "Embed the new and changed tasks of the organization demo."),
        ("demo guest-portal --full", "Embed all tasks of one of its projects."),
    ),
)
def update_search(params: UpdateSearch, run: RunContext) -> None:
    """Bring the index of similar tasks up to date, by the title and description of tasks that are new or changed."""
    embedder = embedders.current()
    if params.organization is None:
        enqueue_each(update_search, params, run, partitions=lambda code: _parts(code, embedder.name, params))
        return
    wanted = projects(params.organization, params.project)
    if params.project is None and not run.dry_run:
        states.begin(params.organization, run.whole_id)
    embedding = vectors.Embedding(embedder)
    with run.step("embed") as step:
        for batch in step.batches(vectors.outdated(wanted, embedder.name, full=params.full)):
            batch.commit(vectors.plan(batch.items), write=embedding.write, prepare=embedding.prepare)
    run.apply(lambda: {"refiled": vectors.refile(wanted)})
    counts = run.counts_by_step["embed"]
    if not run.dry_run:
        index.settle(embedder.name, embedder.dimensions, is_changed=counts["created"] + counts["updated"] > 0)
        if params.project is None:
            states.note(params.organization, embedder.name, run.whole_id)
            states.note_backtest(params.organization, embedder.name, is_changed=_has_changed(run))
    _report(wanted, counts, run)


def _parts(code: str, model: str, params: UpdateSearch) -> int:
    return PARTS if vectors.outdated(projects(code), model, full=params.full).count() >= MIN_SPLIT else 1


def _report(wanted: Sequence[Project], counts: Counts, run: RunContext) -> None:
    embedded, without_text, refiled = (
        counts["created"] + counts["updated"],
        counts["skipped"],
        run.tally.get("refiled", 0),
    )
    indexed, number = vectors.indexed(wanted).count(), vectors.tasks(wanted).count()
    would_be = "would be " if run.dry_run else ""
    parts = [f"{embedded:,} tasks {would_be}embedded"]
    parts += [f"{refiled:,} that were finished, reopened or moved noted"] if refiled else []
    parts += [f"{without_text:,} without text left out"] if without_text else []
    run.report(
        f"{', '.join(parts)}; {indexed:,} of {number:,} are in the index",
        embedded=embedded, refiled=refiled, without_text=without_text, indexed=indexed, tasks=number,
    )  # fmt: skip


def _has_changed(run: RunContext) -> bool:
    counts = run.counts_by_step["embed"]
    return bool(counts["created"] + counts["updated"] + run.tally.get("refiled", 0))
