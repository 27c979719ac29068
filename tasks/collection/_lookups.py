"""How DVDs are looked up elsewhere: in which order, and when what TMDB says about films is believed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeVar

from django.db.models import QuerySet

from backend.collection import services
from backend.collection.kernel.lookups import Lookup
from upkeep.operations import Batch, RunContext, Trial
from upkeep.remote.errors import GIVE_UP_AFTER

AGAIN = "look up again"
R = TypeVar("R", bound=Mapping[str, Any])


def check_tmdb(_params: object) -> None:
    """Raise ImproperlyConfigured when there is no key for TMDB."""
    services.check_tmdb()


def batches(  # noqa: PLR0913 - each is an option of the batches
    run: RunContext,
    dvds: "QuerySet[Any, R]",
    lookup: Lookup,
    *,
    limit: int | None,
    fetch: Callable[[Sequence[R]], Any],
    trial: Trial | None = None,
) -> Iterator[Batch[R]]:
    """The DVDs in batches, those whose last look-up was without an answer after all others, as a step of their own.

    Ten of them or more may stop a run: if they came first, night after night, the others would never have their turn.
    """
    in_vain = services.tried_in_vain(lookup)
    chosen = dvds if run.is_shared else services.next_in_turn(dvds, lookup, limit=limit)
    others, unanswered = services.unanswered_last(chosen, lookup)
    if run.is_shared or (unanswered.count() < GIVE_UP_AFTER and AGAIN not in run.counts_by_step):
        yield from run.batches(chosen, limit=limit, fetch=fetch, trial=trial, in_vain=in_vain)
        return
    yield from run.batches(others, limit=limit, fetch=fetch, trial=trial, in_vain=in_vain)
    done = run.counts_by_step[""]
    left = None if limit is None else limit - done.processed
    trial = None if trial and trial.is_over(done) else trial
    with run.step(AGAIN) as step:
        yield from step.batches(unanswered, limit=left, fetch=fetch, trial=trial, in_vain=in_vain)


def trial_of(tmdb: services.Catalogue) -> Trial:
    """A wrong address knows no film at all: until TMDB has known one, that it does not know others is not noted."""
    return Trial(
        refusals=("not_found", "rejected"),
        lookup=itemgetter("tmdb_id"),
        advice=f"check TMDB_API_URL ({tmdb.address}), or the TMDB ids of these DVDs if it is right",
    )
