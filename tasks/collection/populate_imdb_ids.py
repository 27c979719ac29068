from pydantic import PositiveInt

from backend.collection import services
from backend.collection.kernel import imdb_ids
from backend.operations.context import RunContext
from backend.operations.declaration import operation
from backend.operations.params import Params
from backend.remote.errors import RemoteError


class PopulateImdbIds(Params):
    limit: PositiveInt | None = None
    """Process at most this many DVDs."""


@operation("collection.populate_imdb_ids", queue="connectors", exclusive="collection:details", errors=(RemoteError,))
def populate_imdb_ids(params: PopulateImdbIds, run: RunContext) -> None:
    """Fetch from TMDB the IMDb ids of DVDs that have none."""
    with services.tmdb() as tmdb:
        for batch in run.batches(services.dvds_without_imdb_id(), limit=params.limit, fetch=tmdb.external_ids):
            batch.commit(imdb_ids.plan(batch.items, batch.fetched), write=services.write_dvds)
