from backend.tracking.kernel import caches as kernel
from backend.tracking.services import caches
from backend.tracking.services.lookup import UnknownCodeError
from upkeep.operations import Params, RunContext, operation


class ClearCaches(Params):
    cache: str | None = None
    """Empty only this cache, such as downloads."""


@operation(
    "tracking.clear_caches",
    errors=(UnknownCodeError,),
    examples=(
        ("--dry-run", "Show how much room that would make."),
        ("--cache downloads", "Empty the cache of downloads alone."),
    ),
)
def clear_caches(params: ClearCaches, run: RunContext) -> None:
    """Empty the application's caches on this machine, above all the downloads from trackers.

    Nothing is lost: what is needed is downloaded again.
    """
    found = caches.contents(params.cache)
    run.commit(lambda: kernel.plan(found), write=caches.clear, tally=kernel.freed)
    entries, size = (run.tally.get(name, 0) for name in ("entries", "bytes"))
    said = "Would free" if run.dry_run else "Freed"
    run.report(f"{said} {size:,} bytes of {entries:,} entries", entries=entries, bytes=size)
