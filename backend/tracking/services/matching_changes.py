"""What changed since a project was matched, as triggers have noted it."""

from typing import NamedTuple
from uuid import UUID

from backend.tracking.models import MatchingChange, Project

UNNOTED = "(SELECT set_config('tracking.matching', statement_timestamp()::text, true)) IS NOT NULL"
"""SQL, a condition that is true: what its own statement updates is not noted. Matching writes what it would find."""
MAX_NOTES = 20_000
"""Beyond that, a whole matching is faster."""


class Changes(NamedTuple):
    """Which entries and tasks of a project were changed, by their ids."""

    entries: set[UUID]
    tasks: set[UUID]
    """On which some other owner may follow."""
    renamed: set[UUID]
    """Those of them to which other names may lead by now."""
    names: set[str]
    """That led to these before, or do now; as they are compared."""


def take(project: Project, run_id: UUID) -> None:
    """Let this run answer for all that was noted; before it reads anything of the project.

    What is committed later is noted for the next one, even if this run happens to see it.
    """
    MatchingChange.objects.filter(project_id=project.pk).update(run_id=run_id)


def exist(project: Project) -> bool:
    """Whether anything changed since the project was last matched."""
    return MatchingChange.objects.filter(project_id=project.pk).exists()


def noted(project: Project) -> Changes | None:
    """All that changed since the project was last matched; None when that is best found out by reading all of it."""
    found = MatchingChange.objects.filter(project_id=project.pk)
    if found.filter(entry_id=None, task_id=None).exists():
        return None
    notes = list(found.values_list("entry_id", "task_id", "names")[: MAX_NOTES + 1])
    if len(notes) > MAX_NOTES:
        return None
    return Changes(
        entries={entry for entry, _, _ in notes if entry},
        tasks={task for _, task, _ in notes if task},
        renamed={task for _, task, names in notes if task and names is not None},
        names={name for _, _, names in notes for name in names or () if name},
    )


def forget(project: Project, run_id: UUID) -> None:
    """Drop what this run answers for: it has matched everything that it concerns."""
    MatchingChange.objects.filter(project_id=project.pk, run_id=run_id).delete()
