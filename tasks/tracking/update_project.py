from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated

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
from backend.tracking.models import Tracker, UnreadableTokenError
from backend.tracking.services.downloads import download, trackers
from backend.tracking.services.lookup import UnknownCodeError, organization_codes, projects
from tasks.tracking.matching import match

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


def _key(params: UpdateProject) -> str | None:
    return f"organization:{params.organization}" if params.organization else None


@operation("tracking.update_project", queue="connectors", exclusive=_key, errors=(UnknownCodeError, RuleError))
def update_project(params: UpdateProject, run: RunContext) -> None:
    """Download tasks and work entries from the trackers of an organization, then match them.

    Only what changed since the last time is read, where the tracker can tell.
    """
    if params.organization is None:
        run.commit(lambda: _waiting(params), write=_enqueued)
        return
    wanted = projects(params.organization, params.project)
    sources = trackers(wanted)
    broken = [tracker for tracker in sources if not _downloaded(tracker, run, full=params.full)]
    if not params.no_match and (not broken or broken != sources):
        match(wanted, run)


def _downloaded(tracker: Tracker, run: RunContext, *, full: bool) -> bool:
    name = f"{tracker.project.code}/{tracker.name}"
    with run.step(name, isolate=BROKEN) as step, download(tracker, full=full, dry_run=run.dry_run) as reading:
        for batch in step.batches(reading.pages):
            batch.commit(reading.plan(batch.items), write=partial(reading.write, position=str(batch.cursor)))
        if full:
            reading.check_met()
            with run.step(f"{name}: gone") as gone:
                for removed in gone.batches(reading.gone):
                    removed.commit(downloads.gone(removed.items), write=reading.remove)
            reading.forget()
    return not step.error


def _waiting(params: UpdateProject) -> Iterator[Change]:
    """A run for each organization, unless the same one is waiting or running already."""
    for code in organization_codes():
        of_one = params.model_copy(update={"organization": code})
        open_runs = Run.objects.filter(operation=update_project.name, status__in=OPEN, params=of_one.model_dump())
        if open_runs.exists():
            yield Change("skipped", code, code, reason="already_queued")
        else:
            yield Change("created", code, f"a run for {code}", payload=of_one)


def _enqueued(changes: Sequence[Change]) -> None:
    for change in changes:
        queue.enqueue(update_project, change.payload, origin="update_project")
