import time

from backend.collection import services
from backend.collection.kernel import posters
from tasks._ages import Hours
from upkeep.operations import Limits, Params, RunContext, operation

TOO_MANY = "look at them with --dry-run --verbose, then raise --max-deleted, or run it on a terminal and answer yes"
NO_POSTERS = "no DVD names a poster; if this is the right database and MEDIA_ROOT, run it on a terminal and answer yes"


class CleanupUnusedPosters(Params):
    min_age_hours: Hours = 1
    """Keep files that were modified within this many hours: their DVD may not be saved yet."""
    delete: bool = False
    """Do not ask for confirmation; the same as --no-input."""


def _confirmation(params: CleanupUnusedPosters) -> str | None:
    return None if params.delete else "yes"


def _limits(_params: CleanupUnusedPosters) -> Limits:
    if services.has_posters():
        return Limits(deleted=0.5, failed=0.5, before_first=True, advice=TOO_MANY)
    return Limits(deleted=0, before_first=True, advice=NO_POSTERS)


@operation(
    "collection.cleanup_unused_posters",
    exclusive="collection:posters",
    confirm=_confirmation,
    limits=_limits,
    errors=(services.PosterFolderError,),
    examples=(
        ("--dry-run --verbose", "List the files that would be deleted."),
        ("", "Count them, ask, then delete them."),
        ("--delete --max-deleted 10", "Do not ask, but delete nothing if more than 10 % would be deleted."),
    ),
)
def cleanup_unused_posters(params: CleanupUnusedPosters, run: RunContext) -> None:
    """Delete poster image files that no DVD uses.

    A file whose name only resembles that of a used one is kept (`resembles_used`). Unless you have seen the counts and
    confirmed them on the terminal, none is deleted if more than half of the files would be, or --max-deleted PERCENT.
    """
    modified_before = time.time() - params.min_age_hours * 3600
    folder = services.poster_folder()
    used = services.used_posters(folder)
    for batch in run.batches(folder.pages):
        plan = posters.plan(used.look_at(batch.items), modified_before=modified_before)
        batch.commit(plan, write=folder.delete, tally=posters.freed)
    files, size = (run.tally.get(name, 0) for name in ("files", "bytes"))
    said = "Would free" if run.dry_run else "Freed"
    run.report(f"{said} {size:,} bytes of {files:,} files", files=files, bytes=size)
