"""What changed since a project was matched, as triggers have noted it."""

from uuid import UUID

from backend.tracking.models import MatchingChange, Project

UNNOTED = "(SELECT set_config('tracking.matching', statement_timestamp()::text, true)) IS NOT NULL"
"""SQL, a condition that is true: what its own statement updates is not noted. Matching writes what it would find."""


def take(project: Project, run_id: UUID) -> None:
    """Let this run answer for all that was noted; before it reads anything of the project.

    What is committed later is noted for the next one, even if this run happens to see it.
    """
    MatchingChange.objects.filter(project_id=project.pk).update(run_id=run_id)


def exist(project: Project) -> bool:
    """Whether anything changed since the project was last matched."""
    return MatchingChange.objects.filter(project_id=project.pk).exists()


def forget(project: Project, run_id: UUID) -> None:
    """Drop what this run answers for: it has matched everything."""
    MatchingChange.objects.filter(project_id=project.pk, run_id=run_id).delete()
