from pydantic import PositiveInt

from backend.collection import services
from backend.collection.kernel import sample
from upkeep.operations import Limits, Params, RunContext, operation


class LoadSampleData(Params):
    clear: bool = False
    """Delete all DVDs first, including those that are not samples."""
    count: PositiveInt | None = None
    """Load this many sample DVDs: well-known films first, then made-up ones. Default: the well-known ones."""


def _confirmation(params: LoadSampleData) -> str | None:
    return "yes" if params.clear else None


@operation(
    "collection.load_sample_data",
    exclusive="collection:sample",
    confirm=_confirmation,
    limits=Limits(failed=0.5),
    examples=(
        ("", "Load the well-known films."),
        ("--count 300", "Load 300 DVDs."),
        ("--clear --no-input", "Start over: delete all DVDs first, without asking."),
    ),
)
def load_sample_data(params: LoadSampleData, run: RunContext) -> None:
    """Load sample DVDs, without the details that other operations fill in."""
    if params.clear:
        with run.step("clear") as step:
            for batch in step.batches(services.all_dvds()):
                batch.commit(sample.cleared(batch.items), write=services.delete_dvds)
    films = services.sample_films()
    for page in run.batches(sample.pages(films, params.count or len(films))):
        # In a dry run the DVDs that --clear would have deleted are still there.
        existing = set() if params.clear else services.existing_tmdb_ids(page.items)
        page.commit(sample.plan(page.items, existing=existing), write=services.create_dvds)
