"""The life of a run: its statuses, and which may follow which."""

from django.db.models import TextChoices


class Status(TextChoices):
    """What a run is doing."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


TRANSITIONS = {
    (Status.QUEUED, Status.RUNNING): "an executor claimed it",
    (
        Status.QUEUED,
        Status.SKIPPED,
    ): "another run holds its exclusive key and it does not wait, it expired, or Beat sent it and it is not configured",
    (Status.QUEUED, Status.FAILED): (
        "its worker does not know the operation or lacks a setting, or a later link of its chain is invalid"
    ),
    (Status.QUEUED, Status.CANCELLED): (
        "it was cancelled before anybody claimed it, or the run before it in its chain did not succeed"
    ),
    (Status.RUNNING, Status.SUCCEEDED): "the operation came to its end",
    (Status.RUNNING, Status.FAILED): "the operation, or a system it needs, failed",
    (Status.RUNNING, Status.CANCELLED): "it was cancelled",
    (Status.RUNNING, Status.QUEUED): "its executor was lost or is stopping, or its parts are done",
    (Status.FAILED, Status.QUEUED): "it is resumed",
    (Status.CANCELLED, Status.QUEUED): "it is resumed",
}
"""Every allowed transition, with its reason. The database refuses others: `makemigrations` tells it of a change."""

ENDED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.SKIPPED})
RESUMABLE = frozenset(before for before, after in TRANSITIONS if after is Status.QUEUED and before in ENDED)
