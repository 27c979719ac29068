from contextlib import nullcontext
from functools import partial
from typing import Annotated, Self

from pydantic import model_validator

from backend.tracking.connectors.source import Connector
from backend.tracking.kernel.locations import LocationError
from backend.tracking.kernel.rules import RuleError
from backend.tracking.models import Tracker
from backend.tracking.services.downloads import Download, connected, trackers
from backend.tracking.services.lookup import UnknownCodeError, projects
from backend.tracking.tokens import UnreadableTokenError
from tasks._organizations import enqueue_each
from tasks.tracking._matching import match
from tasks.tracking._subjects import of_organization
from upkeep.operations import LimitExceededError, Limits, Params, Positional, RunContext, Step, operation
from upkeep.operations.counts import Counts
from upkeep.operations.limits import Coming
from upkeep.remote.errors import RemoteError

BROKEN = (RemoteError, LocationError, UnreadableTokenError)
"""What ends the download of one tracker; the others go on."""
REMOVAL = Limits(deleted=0.3, advice="look at them with --full --dry-run --verbose, then raise --max-deleted")
"""Of what is stored of a tracker."""


class UpdateProject(Params):
    organization: Annotated[str | None, Positional()] = None
    """The organization's code. Default: all organizations, each in its own run on the workers."""
    project: Annotated[str | None, Positional()] = None
    """The project's code. Default: all projects of the organization."""
    full: bool = False
    """Read everything, and remove what the tracker no longer has; nothing from one that lost more than 30 % of its
    records, unless --max-deleted says otherwise."""
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
    examples=(
        ("", "Update all organizations, each in a run on the workers."),
        ("demo", "Update the projects of the organization demo here and now."),
        ("demo guest-portal --full --max-deleted 60", "Read one project completely, and let up to 60 % be removed."),
    ),
)
def update_project(params: UpdateProject, run: RunContext) -> None:
    """Download tasks and work entries from the trackers of an organization, then match them.

    Only what changed since the last download is read, if the tracker can say what that is.
    """
    if params.organization is None:
        enqueue_each(update_project, params, run)
        return
    wanted = projects(params.organization, params.project)
    sources = trackers(wanted)
    readings = [(tracker, Download(tracker, run.id, full=params.full, dry_run=run.dry_run)) for tracker in sources]
    whole = [each for each in readings if _downloaded(*each, run, full=params.full)]
    if params.full:
        # Only now, since what left one tracker may have come to another one, and moved there with its hours.
        for tracker, reading in whole:
            if reading.has_notes():
                _remove_gone(tracker, reading, run)
    if not params.no_match and (whole or not readings):
        match(wanted, run)


def _downloaded(tracker: Tracker, reading: Download, run: RunContext, *, full: bool) -> bool:
    with run.step(f"{tracker.project.code}/{tracker.name}", isolate=(*BROKEN, LimitExceededError)) as step:
        if run.limits.given():
            step.limit(Limits(), of=reading.number)
        if not step.done:
            with connected(tracker, dry_run=run.dry_run) as connector:
                for batch in step.batches(partial(reading.pages, connector)):
                    batch.commit(reading.plan(batch.items), write=partial(reading.write, cursor=batch.cursor))
        elif full and run.dry_run:
            run.log(f"{step.name}: this dry run was interrupted, so it may not list everything that is gone")
    return not step.error


def _remove_gone(tracker: Tracker, reading: Download, run: RunContext) -> None:
    """Remove what a complete download did not meet.

    Without notes it is done with: in this run before a resumption, or by another complete download since.
    """
    name = f"{tracker.project.code}/{tracker.name}"
    if doubt := reading.doubt():
        run.log(f"{name}: nothing was removed: {doubt}")
    elif reading.number_missed:
        with (
            run.step(f"{name}: gone", isolate=(*BROKEN, LimitExceededError)) as step,
            nullcontext() if reading.brings_work else connected(tracker, dry_run=run.dry_run) as connector,
        ):
            _limit(step, reading, connector)
            for batch in step.batches(reading.missed):
                batch.commit(reading.farewell(batch.items, connector), write=reading.remove)
        if step.error:  # resumed with another limit, the run goes on with what it noted
            return
    reading.forget()


def _limit(step: Step, reading: Download, connector: Connector | None) -> None:
    """Limit what may be deleted of what is stored: looked at before the first is, where it may be more."""
    of = reading.number
    limits = step.limit(REMOVAL, of=of)
    if limits.excess(Counts.one("deleted", reading.number_missed), of) and not step.dry_run:
        pages = (reading.farewell(page, connector) for page, _ in reading.missed(None))
        coming = [change for page in pages for change in page if change.action == "deleted"]
        counts = Counts.of(coming)
        if excess := limits.excess(counts, of):
            raise LimitExceededError(excess, step=step.name, advice=limits.advice, coming=Coming(counts, coming))
