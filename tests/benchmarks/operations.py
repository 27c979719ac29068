"""Operations that do next to nothing, so that what they cost is the core."""

from backend.collection.models import DVD
from tests.operations.dvds import add, added
from upkeep.operations.context import RunContext
from upkeep.operations.declaration import operation
from upkeep.operations.params import Params

PLAN = """
    SELECT 'updated' AS action, id::text AS key, name AS label,
        jsonb_build_object('copy_number', jsonb_build_array(copy_number, copy_number + 1)) AS fields,
        '' AS reason, id
    FROM collection_dvd WHERE id BETWEEN %(first)s AND %(last)s
"""
WRITE = "UPDATE collection_dvd AS dvd SET copy_number = copy_number + 1 FROM plan WHERE dvd.id = plan.id"


class Nothing(Params):
    """No parameters."""


@operation("benchmarks.read_dvds", read_only=True)
def read_dvds(params: Nothing, run: RunContext) -> None:  # noqa: ARG001
    """Look at every DVD."""
    for batch in run.batches(DVD.objects.all()):
        for _dvd in batch.items:
            pass


@operation("benchmarks.count_copies")
def count_copies(params: Nothing, run: RunContext) -> None:  # noqa: ARG001
    """Add one to a column of every DVD."""
    for batch in run.batches(DVD.objects.all()):
        batch.commit_sql(plan=PLAN, write=WRITE)


@operation("benchmarks.add_copies")
def add_copies(params: Nothing, run: RunContext) -> None:  # noqa: ARG001
    """Add one to a column of every DVD, loading it."""
    for batch in run.batches(DVD.objects.all()):
        batch.commit(added(batch.items), write=add)


@operation("benchmarks.do_nothing")
def do_nothing(params: Nothing, run: RunContext) -> None:
    """Do nothing."""
