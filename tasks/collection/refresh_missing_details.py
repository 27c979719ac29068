from pydantic import PositiveInt

from backend.collection import services
from backend.collection.kernel import refresh
from tasks._ages import Days
from tasks.collection._lookups import batches, check_tmdb, trial_of
from upkeep.operations import Params, RunContext, operation
from upkeep.remote.errors import RemoteError


class RefreshMissingDetails(Params):
    limit: PositiveInt | None = None
    """Look up at most this many DVDs: first those never looked up, then those looked up longest ago."""
    force: bool = False
    """Also refresh DVDs whose details are complete, or that were looked up within --recheck-after."""
    tmdb_id: PositiveInt | None = None
    """Refresh only the DVDs of this film, complete or not."""
    recheck_after: Days = 30
    """Skip DVDs looked up within this many days."""


@operation(
    "collection.refresh_missing_details",
    queue="connectors",
    exclusive="collection:details",
    errors=(RemoteError,),
    configured=check_tmdb,
    examples=(
        ("--limit 10 --dry-run --verbose", "Look up 10 DVDs, and show what would be filled in."),
        ("--tmdb-id 603", "Refresh the DVDs of one film."),
        ("--force --enqueue", "Let a worker refresh all DVDs."),
    ),
)
def refresh_missing_details(params: RefreshMissingDetails, run: RunContext) -> None:
    """Fetch missing details of DVDs from TMDB.

    Tagline, budget, revenue, production companies, directors, UK certification and scores follow TMDB. Overview,
    genres, runtime, release year, language and IMDb id are filled if blank. Nothing is replaced by an empty value.
    """
    dvds = services.dvds_to_refresh(force=params.force, tmdb_id=params.tmdb_id, recheck_after=params.recheck_after)
    with services.tmdb() as tmdb:
        for batch in batches(run, dvds, "details", limit=params.limit, fetch=tmdb.movies, trial=trial_of(tmdb)):
            batch.commit(refresh.plan(batch.items, batch.fetched), write=services.write_details)
    for covered in services.coverage():
        run.report(str(covered), **{covered.name: {"filled": covered.filled, "total": covered.total}})
