"""What an operation does that was given no organization: it enqueues a run for each."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from backend.tracking.services.lookup import organization_codes
from tasks.tracking._subjects import of_organization
from upkeep.operations import Change, Operation, Params, RunContext, submission
from upkeep.operations.models import Run
from upkeep.operations.states import Status

OPEN = (Status.QUEUED, Status.RUNNING)


def enqueue_each(
    operation: Operation[Any], params: Params, run: RunContext, *, partitions: Callable[[str], int] | None = None
) -> None:
    """Enqueue a run for each organization, unless the same one is waiting or running already.

    Args:
        operation: whose params have an `organization`, its code.
        params: of each run, but for the organization.
        run: that of all.
        partitions: into how many parts the run of an organization is split, by its code; None: as declared.
    """
    codes = organization_codes()
    run.about(*map(of_organization, codes))

    def write(changes: Sequence[Change]) -> None:
        wanted = defaultdict(list)
        for change in changes:
            wanted[partitions(change.key) if partitions else None].append(change.payload)
        for number, payloads in wanted.items():
            submission.enqueue_many(
                operation, payloads, origin=operation.name.partition(".")[2], partitions=number, limits=run.limits
            )

    run.commit(lambda: _waiting(operation, params, codes), write=write)


def _waiting(operation: Operation[Any], params: Params, codes: Iterable[str]) -> Iterator[Change]:
    for code in codes:
        of_one = params.model_copy(update={"organization": code})
        open_runs = Run.objects.filter(
            operation=operation.name, status__in=OPEN, dry_run=False, params=of_one.model_dump()
        )
        if open_runs.exists():
            yield Change("skipped", code, code, reason="already_queued")
        else:
            yield Change("created", code, f"a run for {code}", payload=of_one)
