from typing import Annotated, Any

from pydantic import Field

from backend.search import embedders
from backend.search.embedders.embedder import EmbedderError
from backend.search.kernel.estimates import MIN_EVIDENCE
from backend.search.services import estimating, freshness
from backend.search.services.estimating import Estimate, Evidence, SharedCodeError
from backend.search.services.freshness import NotBuiltError
from backend.search.services.similar import QueryError
from backend.tracking.services.lookup import UnknownCodeError
from tasks.tracking._subjects import of_organization
from upkeep.operations import Params, Positional, RunContext, operation

MAX_PEOPLE = 5
"""That are named to people; the result has all."""


class EstimateTask(Params):
    code: Annotated[str, Positional()]
    """The task's code: `ABC-12`, `#12`."""
    organization: Annotated[str, Positional()]
    """The organization's code."""
    project: Annotated[str | None, Positional()] = None
    """The project's code, where several projects have a task of this code."""
    max_results: Annotated[int, Field(ge=MIN_EVIDENCE, le=100)] = 10
    """How many similar tasks the estimate rests on at most."""


def _organization(params: EstimateTask) -> str:
    return of_organization(params.organization)


def _embedder_is_known(_params: EstimateTask) -> None:
    embedders.check()


@operation(
    "search.estimate_task",
    read_only=True,
    about=_organization,
    configured=_embedder_is_known,
    errors=(UnknownCodeError, SharedCodeError, NotBuiltError, QueryError, EmbedderError),
    examples=(("'#1' demo guest-portal", "Estimate a task from similar finished ones."),),
)
def estimate_task(params: EstimateTask, run: RunContext) -> None:
    """Estimate the hours that a task takes, from the work on similar finished tasks of its organization.

    The estimate is their median, each weighted by its similarity, and the interval in which four of five such tasks
    end. It shows the tasks it rests on, who worked on them, and how good such estimates of its own tasks were.
    """
    task = estimating.target(params.code, params.organization, params.project)
    found = estimating.estimate(task, limit=params.max_results)
    run.report(f"{task.code} {task.title}")
    run.report(_said(found))
    for evidence in found.evidence:
        run.report(_line(evidence))
    if found.people:
        hours = (f"{each['username']} {each['worked_hours']:g} h" for each in found.people[:MAX_PEOPLE])
        run.report(f"who worked on these: {', '.join(hours)}")
    if found.hours:
        run.report(_quality(found))
    if found.stale:
        run.report(f"not all tasks are in the index as they are now: run {freshness.command([params.organization])}")
    run.report(f"by {found.model}", **_result(found))


def _said(found: Estimate) -> str:
    if found.hours is None:
        return (
            f"too little evidence for an estimate: {len(found.evidence)} similar finished tasks with work, "
            f"and {MIN_EVIDENCE} are needed"
        )
    hours = found.hours
    return f"takes about {hours.median:.1f} h; four of five similar tasks took {hours.low:.1f} to {hours.high:.1f} h"


def _line(evidence: Evidence) -> str:
    task = evidence.task
    facts = f"{task.project}, {task.worked_hours:,.1f} h, weight {evidence.weight:.2f}"
    return f"{evidence.similarity:.2f}  {task.code}  {task.title}  ({facts})"


def _quality(found: Estimate) -> str:
    if not found.backtest:
        return "how good such estimates are is not known yet: `update_search` finds out, once enough tasks are finished"
    error, plain = found.backtest["median_relative_error"], found.backtest["of_a_plain_median"]
    tried = f"half of {found.backtest['tasks']:,} finished tasks estimated in this way were off by {error:.0%} or less"
    if error < plain:
        return f"{tried}; the median of all tasks by {plain:.0%}"
    return f"{tried}: no better than the median of all tasks ({plain:.0%}), so take that instead"


def _result(found: Estimate) -> dict[str, Any]:
    hours, tried = found.hours, found.backtest
    return {
        "hours": {"median": round(hours.median, 2), "low": round(hours.low, 2), "high": round(hours.high, 2)}
        if hours
        else None,
        "evidence": [
            {
                "code": each.task.code,
                "title": each.task.title,
                "project": each.task.project,
                "similarity": round(each.similarity, 3),
                "worked_hours": each.task.worked_hours,
                "weight": round(each.weight, 3),
            }
            for each in found.evidence
        ],
        "people": found.people,
        "backtest": {name: tried[name] for name in ("median_relative_error", "of_a_plain_median")} if tried else None,
    }
