import time

from backend.collection import services
from backend.collection.kernel import posters
from backend.operations.context import RunContext
from backend.operations.declaration import operation
from backend.operations.params import Params
from tasks.collection.ages import Hours


class CleanupUnusedPosters(Params):
    min_age_hours: Hours = 1
    """Keep files that were modified in the last so many hours: their DVD may be on its way."""
    delete: bool = False
    """Do not ask for confirmation; the same as --no-input."""


def _confirmation(params: CleanupUnusedPosters) -> str | None:
    return None if params.delete else "yes"


@operation(
    "collection.cleanup_unused_posters",
    exclusive="collection:posters",
    confirm=_confirmation,
    errors=(services.PosterFolderError,),
)
def cleanup_unused_posters(params: CleanupUnusedPosters, run: RunContext) -> None:
    """Delete poster image files that no DVD uses."""
    modified_before = time.time() - params.min_age_hours * 3600
    folder = services.poster_folder()
    for batch in run.batches(folder.pages):
        found = folder.looked_at(batch.items, used=services.used_posters(batch.items))
        plan = posters.plan(found, modified_before=modified_before)
        batch.commit(plan, write=folder.delete, tally=posters.freed)
    files, size = (run.tally.get(name, 0) for name in ("files", "bytes"))
    said = "Would free" if run.dry_run else "Freed"
    run.report(f"{said} {size:,} bytes of {files:,} files", files=files, bytes=size)
