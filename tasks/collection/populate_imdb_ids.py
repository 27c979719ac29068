from pydantic import PositiveInt

from backend.collection import services
from backend.collection.kernel import imdb_ids
from tasks._ages import Days
from tasks.collection._lookups import batches, check_tmdb, trial_of
from upkeep.operations import Params, RunContext, operation
from upkeep.remote.errors import RemoteError


class PopulateImdbIds(Params):
    limit: PositiveInt | None = None
    """Look up at most this many DVDs: first those never looked up, then those looked up longest ago."""
    recheck_after: Days = 30
    """Skip DVDs looked up within this many days."""


@operation(
    "collection.populate_imdb_ids",
    queue="connectors",
    exclusive="collection:details",
    errors=(RemoteError,),
    configured=check_tmdb,
    examples=(
        ("--limit 100", "Look up 100 DVDs, and others the next time."),
        ("--recheck-after 0", "Also look up those for which TMDB recently had no IMDb id."),
    ),
)
def populate_imdb_ids(params: PopulateImdbIds, run: RunContext) -> None:
    """Fetch from TMDB the IMDb ids of DVDs that have none."""
    dvds = services.dvds_without_imdb_id(recheck_after=params.recheck_after)
    with services.tmdb() as tmdb:
        for batch in batches(run, dvds, "imdb_id", limit=params.limit, fetch=tmdb.external_ids, trial=trial_of(tmdb)):
            batch.commit(imdb_ids.plan(batch.items, batch.fetched), write=services.write_imdb_ids)
