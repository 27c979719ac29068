"""What the benchmarks fill in by SQL, past the models: it would break in silence when a column is added."""

from backend.tracking.models import Task, WorkEntry
from tasks.tracking.match_project import MatchProject, match_project
from tests.benchmarks import work
from tests.integration.tracking.projects import COMMITTED
from upkeep.operations.runner import execute


@COMMITTED
def test_the_rules_of_the_benchmarks_match_all_their_entries() -> None:
    work.fill(entries=20, tasks=5)
    execute(match_project, MatchProject(organization=work.CODE))
    assert set(WorkEntry.objects.values_list("match__task__code", flat=True)) >= {"various", "meetings", "#1"}
    assert (WorkEntry.objects.filter(match__task=None).count(), Task.objects.count()) == (0, 7)
