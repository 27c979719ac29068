"""When what TMDB says about films is believed."""

from operator import itemgetter

from backend.collection import services
from upkeep.operations.trials import Trial


def trial_of(tmdb: services.Catalogue) -> Trial:
    """A wrong address knows no film at all: until TMDB has known one, that it does not know others is not noted."""
    return Trial(
        refusals=("not_found", "rejected"),
        lookup=itemgetter("tmdb_id"),
        advice=f"check TMDB_API_URL ({tmdb.address}), or the TMDB ids of these DVDs if it is right",
    )
