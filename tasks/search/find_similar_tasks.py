from typing import Annotated, Any

from pydantic import Field, field_validator

from backend.search import embedders
from backend.search.embedders.embedder import EmbedderError
from backend.search.services import access, freshness, similar
from backend.search.services.access import NoAccessError
from backend.search.services.freshness import NotBuiltError
from backend.search.services.similar import Match, QueryError
from backend.tracking.services.lookup import UnknownCodeError
from tasks.tracking._subjects import of_organization
from upkeep.operations import Params, Positional, RunContext, operation

MAX_CHARACTERS = 10_000


class FindSimilarTasks(Params):
    text: Annotated[str, Positional()]
    """A description of the task, in any language; or a code, an address, a name."""
    username: str | None = None
    """Search only the organizations that this user is a member of. Default: all."""
    max_results: Annotated[int, Field(ge=1, le=100)] = 4
    """How many tasks to show."""
    organization: str | None = None
    """Search only the organization of this code."""
    open: bool = False
    """Search open tasks, too, not only finished ones."""

    @field_validator("text")
    @classmethod
    def _check_length(cls, text: str) -> str:
        if len(text) > MAX_CHARACTERS:
            raise ValueError(
                f"should be shortened to {MAX_CHARACTERS:,} characters, which are looked at, from {len(text):,}"
            )
        return text


def _organization(params: FindSimilarTasks) -> str | None:
    return of_organization(params.organization) if params.organization else None


def _embedder_is_known(_params: FindSimilarTasks) -> None:
    embedders.check()


@operation(
    "search.find_similar_tasks",
    read_only=True,
    about=_organization,
    configured=_embedder_is_known,
    errors=(UnknownCodeError, NoAccessError, NotBuiltError, QueryError, EmbedderError),
    examples=(
        ('"customers cannot log in" --organization demo', "Find finished tasks that are similar."),
        ('"Anmeldung kaputt" --username demo-anna.wimmer', "Search what a user may see."),
    ),
)
def find_similar_tasks(params: FindSimilarTasks, run: RunContext) -> None:
    """Find the finished tasks that are most similar to a description, in whatever language they are written.

    Tasks whose code or address is in the text come first, then those whose title holds a name that was given alone.
    """
    allowed = access.of(params.username, params.organization)
    run.about(*(of_organization(each.code) for each in allowed.organizations if allowed.is_limited))
    found = similar.find(params.text, allowed, finished_only=not params.open, limit=params.max_results)
    for match in found.matches:
        run.report(_line(match))
    if not found.matches:
        run.report("no task that is finished can be searched" + ("" if params.open else ": --open searches open ones"))
    if found.stale:
        codes, command = ", ".join(found.stale), freshness.command(found.stale)
        run.report(f"not all tasks of {codes} are in the index as they are now: run {command}")
    run.report(
        f"by {found.model}",
        tasks=[_result(match) for match in found.matches],
        model=found.model,
        stale=bool(found.stale),
    )


def _line(match: Match) -> str:
    task = match.task
    worked = f", {task.worked_hours:,.1f} h worked" if task.worked_hours else ""
    return f"{match.similarity:.2f}  {task.code}  {task.title}  ({task.organization}/{task.project}{worked})"


def _result(match: Match) -> dict[str, Any]:
    task = match.task
    return {
        "code": task.code,
        "title": task.title,
        "organization": task.organization,
        "project": task.project,
        "url": task.url,
        "similarity": match.similarity,
        "worked_hours": task.worked_hours,
        "estimated_hours": task.estimated_hours,
        "owner": task.owner,
        "finished_at": task.finished_at.isoformat() if task.finished_at else None,
    }
