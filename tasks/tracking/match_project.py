from typing import Annotated

from backend.tracking.kernel.rules import RuleError
from backend.tracking.services.lookup import UnknownCodeError, projects
from tasks.tracking._matching import match
from tasks.tracking._subjects import of_organization
from upkeep.operations import Params, Positional, RunContext, operation


class MatchProject(Params):
    organization: Annotated[str, Positional()]
    """The organization's code."""
    project: Annotated[str | None, Positional()] = None
    """The project's code. Default: all projects of the organization."""


def _organization(params: MatchProject) -> str:
    return of_organization(params.organization)


@operation(
    "tracking.match_project",
    exclusive=_organization,
    about=_organization,
    errors=(UnknownCodeError, RuleError),
    examples=(
        ("demo", "Match the work of all projects of the organization demo."),
        ("demo guest-portal --dry-run", "Show what would be matched in one of its projects."),
    ),
)
def match_project(params: MatchProject, run: RunContext) -> None:
    """Match work entries with tasks, by the rules of their project, and find each task's owner.

    Only changes are written. The owner of a task is the person who contributed most; else its only assignee; else the
    first person assigned; else the author of a task that has an estimate.
    """
    match(projects(params.organization, params.project), run)
