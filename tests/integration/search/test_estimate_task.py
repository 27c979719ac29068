from typing import Any

import pytest

from backend.search.models import SearchState
from backend.search.services.estimating import SharedCodeError
from backend.search.services.freshness import NotBuiltError
from backend.search.services.similar import QueryError
from backend.tracking.models import Tracker
from backend.tracking.services.lookup import UnknownCodeError
from tasks.search.estimate_task import EstimateTask, estimate_task
from tests.integration.search.conftest import MakeTask, index
from tests.integration.tracking import factories
from upkeep import testing
from upkeep.operations.models import Run

pytestmark = pytest.mark.django_db


def estimated(code: str, organization: str = "acme", project: str | None = None, **params: Any) -> dict[str, Any]:
    given = EstimateTask(code=code, organization=organization, project=project, **params)
    return dict(testing.run(estimate_task, given).result)


def report() -> str:
    return "\n".join(Run.objects.latest("created_at").report)


def test_an_estimate_comes_with_what_it_rests_on_and_who_knows_about_it(task: MakeTask) -> None:
    for hours, by in ((3, "ann"), (4, "bob"), (5, "ann")):
        task("Write CSV export", hours, by=by)
    for _ in range(5):
        task("Paint the meeting room", 40)
    task("Write CSV export")  # nobody worked on it
    task("CSV export for orders", closed_at=None, code="NEW-1")
    index()
    result = estimated("new-1")
    assert result.keys() == {"hours", "evidence", "people", "backtest"}
    assert result["hours"] == {"median": 4, "low": 3, "high": 5}
    assert [(each["title"], each["project"]) for each in result["evidence"]] == [("Write CSV export", "shop")] * 3
    assert sorted(each["worked_hours"] for each in result["evidence"]) == [3, 4, 5]
    assert sum(each["weight"] for each in result["evidence"]) == pytest.approx(1, abs=0.01)
    assert result["evidence"][0].keys() == {"code", "title", "project", "similarity", "worked_hours", "weight"}
    assert result["people"] == [{"username": "ann", "worked_hours": 8}, {"username": "bob", "worked_hours": 4}]
    assert "takes about 4.0 h; four of five similar tasks took 3.0 to 5.0 h" in report()


def test_too_little_evidence_is_said_instead_of_guessed(task: MakeTask) -> None:
    task("Write CSV export", 3)
    task("Write CSV exports", 3)
    for _ in range(5):
        task("Paint the meeting room", 40)
    task("CSV export for orders", closed_at=None, code="NEW-1")
    index()
    result = estimated("NEW-1")
    assert (result["hours"], len(result["evidence"])) == (None, 2)
    assert "too little evidence for an estimate: 2 similar finished tasks with work, and 3 are needed" in report()


def test_a_finished_task_is_no_evidence_for_itself(task: MakeTask) -> None:
    for hours in (3, 4, 5, 100):
        task("Write CSV export", hours)
    index()
    assert estimated("#4")["hours"]["median"] == 4


def test_a_code_that_projects_share_wants_the_project(task: MakeTask, tracker: Tracker) -> None:
    other = factories.tracker(factories.project(tracker.project.organization, "app"))
    for on in (tracker, other):
        task("Write CSV export", 3, on=on, code="#1")
    index()
    with pytest.raises(
        SharedCodeError, match="several projects have a task '#1': app, shop; name one: `estimate_task '#1' acme app`"
    ):
        estimated("#1")
    assert len(estimated("#1", project="app")["evidence"]) == 1


def test_what_is_not_there_is_named_with_what_may_have_been_meant(task: MakeTask) -> None:
    task("Write CSV export", 3, code="UPK-12")
    with pytest.raises(NotBuiltError, match="`update_search acme`"):
        estimated("UPK-12")
    with pytest.raises(
        UnknownCodeError, match="there is no task 'UPK-21' in organization 'acme': did you mean 'UPK-12'"
    ):
        estimated("UPK-21")
    with pytest.raises(UnknownCodeError, match="did you mean 'acme'"):
        estimated("UPK-12", "acmee")
    with pytest.raises(UnknownCodeError, match=r"there is no project 'shap' .*did you mean 'shop'"):
        estimated("UPK-12", project="shap")
    task("🎉", code="UPK-13")
    index()
    with pytest.raises(QueryError, match="'UPK-13' has neither a title nor a description"):
        estimated("UPK-13")


def test_the_index_knows_how_good_estimates_of_finished_tasks_were(task: MakeTask) -> None:
    for number in range(6):
        task("Write CSV export", 4 + number * 0.1)
        task("Paint the meeting room", 40 + number * 0.1)
        task("Renew the TLS certificate", 1 + number * 0.01)
    index()
    result = estimated("#1")
    assert result["backtest"]["median_relative_error"] < 0.1 < result["backtest"]["of_a_plain_median"]
    assert "half of 18 finished tasks estimated in this way were off by" in report()
    SearchState.objects.update(backtest={"median_relative_error": 0.5, "of_a_plain_median": 0.4, "tasks": 18})
    estimated("#1")
    assert "no better than the median of all tasks (40%), so take that instead" in report()


def test_an_organization_with_few_finished_tasks_has_no_backtest(task: MakeTask) -> None:
    task("Write CSV export", 3)
    index()
    assert estimated("#1")["backtest"] is None
