from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Annotated, Self

from pydantic import model_validator

from backend.operations import queue
from backend.operations.context import RunContext
from backend.operations.declaration import operation
from backend.operations.models import Run
from backend.operations.params import Params, Positional
from backend.operations.plans import Change
from backend.operations.states import Status
from backend.remote.errors import RemoteError
from backend.tracking.kernel import downloads
from backend.tracking.kernel.locations import LocationError
from backend.tracking.kernel.rules import RuleError
from backend.tracking.models import Tracker
from backend.tracking.services.downloads import Download, connected, trackers
from backend.tracking.services.lookup import UnknownCodeError, organization_codes, projects
from backend.tracking.tokens import UnreadableTokenError
from tasks.tracking.matching import match
from tasks.tracking.subjects import of_organization

BROKEN = (RemoteError, LocationError, UnreadableTokenError)
"""What ends the download of one tracker; the others go on."""
OPEN = (Status.QUEUED, Status.RUNNING)


class UpdateProject(Params):
    organization: Annotated[str | None, Positional()] = None
    """The organization's code. Default: every organization, each in a run of its own on the workers."""
    project: Annotated[str | None, Positional()] = None
    """The project's code. Default: all projects of the organization."""
    full: bool = False
    """Read everything, and remove what is no longer there."""
    no_match: bool = False
    """Do not match the work entries with the tasks afterwards."""

    @model_validator(mode="after")
    def _check_project(self) -> Self:
        if self.project is not None and self.organization is None:
            raise ValueError(f"project {self.project!r} of which organization?")
        return self


def _organization(params: UpdateProject) -> str | None:
    return of_organization(params.organization) if params.organization else None


@operation(
    "tracking.update_project",
    queue="connectors",
    exclusive=_organization,
    about=_organization,
    errors=(UnknownCodeError, RuleError),
)
def update_project(params: UpdateProject, run: RunContext) -> None:
    """Download tasks and work entries from the trackers of an organization, then match them.

    Only what changed since the last time is read, where the tracker can tell.
    """
    if params.organization is None:
        codes = organization_codes()
        run.about(*map(of_organization, codes))
        run.commit(lambda: _waiting(params, codes), write=_enqueued)
        return
    wanted = projects(params.organization, params.project)
    sources = trackers(wanted)
    broken = [tracker for tracker in sources if not _downloaded(tracker, run, full=params.full)]
    if not params.no_match and (not broken or broken != sources):
        match(wanted, run)


def _downloaded(tracker: Tracker, run: RunContext, *, full: bool) -> bool:
    reading = Download(tracker, run.id, full=full, dry_run=run.dry_run)
    with run.step(f"{tracker.project.code}/{tracker.name}", isolate=BROKEN) as step:
        if not step.done:
            with connected(tracker, dry_run=run.dry_run) as connector:
                for batch in step.batches(partial(reading.pages, connector)):
                    batch.commit(reading.plan(batch.items), write=partial(reading.write, cursor=batch.cursor))
        elif full and run.dry_run:
            run.log(f"{step.name}: this dry run was interrupted, so of what is gone it may not tell all")
    # Without notes it is done with: in this run before a resumption, or by another complete download since.
    if full and not step.error and reading.has_notes():
        _remove_gone(reading, run, step.name)
    return not step.error


def _remove_gone(reading: Download, run: RunContext, name: str) -> None:
    if doubt := reading.doubt():
        run.log(f"{name}: nothing was removed: {doubt}")
    else:
        with run.step(f"{name}: gone") as step:
            for batch in step.batches(reading.gone):
                batch.commit(downloads.gone(batch.items), write=reading.remove)
    reading.forget()


def _waiting(params: UpdateProject, codes: Iterable[str]) -> Iterator[Change]:
    """A run for each organization, unless the same one is waiting or running already."""
    for code in codes:
        of_one = params.model_copy(update={"organization": code})
        open_runs = Run.objects.filter(
            operation=update_project.name, status__in=OPEN, dry_run=False, params=of_one.model_dump()
        )
        if open_runs.exists():
            yield Change("skipped", code, code, reason="already_queued")
        else:
            yield Change("created", code, f"a run for {code}", payload=of_one)


def _enqueued(changes: Sequence[Change]) -> None:
    for change in changes:
        queue.enqueue(update_project, change.payload, origin="update_project")
