from datetime import timedelta

from pydantic import PositiveInt

from backend.collection import services
from backend.collection.kernel import availability
from tasks._ages import Days, Hours
from tasks.collection._lookups import batches
from upkeep.operations import Params, RunContext, operation
from upkeep.remote.errors import RemoteError


class RefreshTorrentData(Params):
    recent_only: bool = False
    """Look up only DVDs that were added within --recent-days."""
    recent_days: Days = 30
    """With --recent-only: how many days back."""
    max_age_hours: Hours = 168
    """Skip DVDs looked up within this many hours."""
    limit: PositiveInt | None = None
    """Look up at most this many DVDs: first those never looked up, then those looked up longest ago."""
    force: bool = False
    """Also look up DVDs looked up within --max-age-hours."""
    update_flags_only: bool = False
    """Recompute the flag from what is stored, without a request."""


def _check_configured(params: RefreshTorrentData) -> None:
    if not params.update_flags_only:
        services.check_yts()


@operation(
    "collection.refresh_torrent_data",
    queue="connectors",
    exclusive="collection:availability",
    errors=(RemoteError,),
    configured=_check_configured,
    examples=(
        ("--recent-only --recent-days 7", "Look up what was added in the last week."),
        ("--limit 100 --max-age-hours 24", "Look up 100 DVDs that have not been looked up for a day."),
        ("--update-flags-only", "Recompute the flag without a request."),
    ),
)
def refresh_torrent_data(params: RefreshTorrentData, run: RunContext) -> None:
    """Ask a YTS-compatible API in which qualities DVDs with an IMDb id are available.

    Of 720p and 1080p, size, seeds, peers and upload date are kept; no links, hashes or magnets.
    """
    dvds = services.dvds_with_imdb_id(added_in_days=params.recent_days if params.recent_only else None)
    if params.update_flags_only:
        # With a limit, those that are right would be all that there is to see, night after night.
        flagged = services.with_wrong_flag(dvds) if params.limit else dvds
        for batch in run.batches(flagged, limit=params.limit):
            batch.commit(availability.flags(batch.items), write=services.write_dvds)
        return
    if not params.force:
        dvds = services.due(dvds, "availability", after=timedelta(hours=params.max_age_hours))
    with services.yts() as yts:
        for batch in batches(run, dvds, "availability", limit=params.limit, fetch=yts.qualities):
            batch.commit(availability.plan(batch.items, batch.fetched), write=services.write_availability)
