"""Runs as they are recorded: one row each, with its changes, its log and the files it was given."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q

from upkeep.operations.states import TRANSITIONS, Status
from upkeep.operations.transitions import StatusTransitions

ONE_APPLICATION = "upkeep_run_one_application"


class Run(models.Model):
    """One run of an operation, however it was started. Its id is the Celery task's id."""

    Status = Status

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    operation = models.CharField(max_length=200)
    params = models.JSONField(default=dict, blank=True)
    dry_run = models.BooleanField(default=False)
    confirm = models.CharField(max_length=200, blank=True)
    attended = models.BooleanField(
        default=False, help_text="A person saw the counts of its dry run and confirmed them: they are not limited."
    )
    limits = models.JSONField(
        default=dict, blank=True, help_text="Given to this run, in place of those that its operation declares."
    )
    queue = models.CharField(max_length=100, blank=True, help_text="Of the broker; empty for a run in the foreground.")
    exclusive_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - null: holds no key
    origin = models.CharField(
        max_length=200, blank=True, help_text="Who started it: a command, code, beat and its entry."
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="runs")
    system_user = models.CharField(
        max_length=100, blank=True, help_text="Of a run by command: whom that machine knows who gave it as."
    )
    partitions = models.PositiveSmallIntegerField(default=1, help_text="Into how many parts a long step is split.")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="parts")
    part = models.JSONField(default=dict, blank=True, help_text="Of a part: its number, its step and its keys.")

    preview = models.ForeignKey(
        "self",
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,  # the preview may be pruned first
        related_name="applications",
        help_text="The dry run whose changes this run carries out, and no others.",
    )
    selection = models.JSONField(
        default=dict, blank=True, help_text="Which changes of the preview were approved; empty: all of them."
    )
    plan_version = models.CharField(
        max_length=100,
        blank=True,
        help_text="Of a preview: the version of the code; empty when that was not exactly a version.",
    )

    follows = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="followers",
        help_text="Of a chain: the run that has to succeed first; empty once it has.",
    )

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(
        null=True, blank=True, help_text="When its message was last handed to the broker; empty: it has none."
    )
    not_before = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="A run not started by then is skipped.")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_at = models.DateTimeField(null=True, blank=True, help_text="When somebody asked it to stop.")

    resumed = models.BooleanField(default=False, help_text="It had failed or was cancelled, and was taken up again.")
    attempt = models.PositiveIntegerField(
        default=0, help_text="Fencing token: only the executor of this attempt writes."
    )
    losses = models.PositiveIntegerField(default=0, help_text="Executors lost in a row without a commit between them.")
    lease_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="After that, its executor is taken for lost; a running run without one waits for its parts.",
    )
    executor = models.CharField(max_length=200, blank=True, help_text="Host and process that run or ran it.")
    versions = models.JSONField(default=list, blank=True, help_text="Of the code: which, and since which attempt.")

    commits = models.PositiveIntegerField(default=0, help_text="Writes of the progress below.")
    steps = models.JSONField(default=dict, blank=True, help_text="Cursor, counts and total of each step.")
    counts = models.JSONField(default=dict, blank=True)
    reasons = models.JSONField(default=dict, blank=True)
    changes_recorded = models.PositiveIntegerField(default=0)
    changes_left_out = models.PositiveIntegerField(default=0, help_text="Changes beyond RUN_MAX_CHANGES: only counted.")
    result = models.JSONField(default=dict, blank=True)
    report = models.JSONField(default=list, blank=True, help_text="The result in lines for people.")
    error = models.TextField(blank=True)
    unusual = models.JSONField(
        default=list, blank=True, help_text="Figures unlike those of the last runs, each with its usual range."
    )

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["exclusive_key"],
                condition=Q(status=Status.RUNNING, exclusive_key__isnull=False),
                name="upkeep_run_one_running_per_key",
            ),
            models.UniqueConstraint(
                fields=["preview"],
                condition=Q(preview__isnull=False, parent__isnull=True)
                & ~Q(status=Status.SKIPPED)
                & ~Q(status=Status.FAILED, attempt=0),
                name=ONE_APPLICATION,
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="upkeep_run_known_status"),
            StatusTransitions(name="upkeep_run_status_transition", transitions=TRANSITIONS),
        ]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], name="upkeep_run_created"),
            models.Index(fields=["operation", "created_at"], name="upkeep_run_operation"),
            models.Index(
                fields=["status", "lease_until"],
                condition=Q(status__in=[Status.QUEUED, Status.RUNNING]),
                name="upkeep_run_open",
            ),
            models.Index(
                fields=["operation", "exclusive_key", "finished_at"],
                condition=Q(status=Status.SUCCEEDED, dry_run=False),
                name="upkeep_run_comparable",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.id} ({self.status})"


class RunChange(models.Model):
    """What a run did, or in a dry run would do, to one object."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="changes")
    step = models.TextField(blank=True, db_default="", help_text="The name of its step; often empty.")
    action = models.CharField(max_length=10)
    key = models.TextField()
    label = models.TextField()
    fields = models.JSONField(default=dict, help_text="Each field's value before and after.")
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.action} {self.label}"


class RunDigest(models.Model):
    """What a dry run would do to one object, as 8 bytes of its key and 8 of its action and fields.

    Unlike its changes, of which only so many are recorded, all of them: see `execution.previews`.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="digests", db_index=False)
    step = models.TextField(blank=True, db_default="")
    key = models.BinaryField()
    content = models.BinaryField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["run", "key"], name="upkeep_rundigest_key")]

    def __str__(self) -> str:
        return bytes(self.key).hex()


class RunLog(models.Model):
    """One line of a run's log."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="log")
    at = models.DateTimeField()
    message = models.TextField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.message


class RunSubject(models.Model):
    """Something that a run is about, such as `organization:acme`. When that is erased, the run is, too."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="subjects")
    name = models.CharField(max_length=200)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "name"], name="upkeep_runsubject_once")]
        indexes: ClassVar = [models.Index(fields=["name"], name="upkeep_runsubject_name")]

    def __str__(self) -> str:
        return self.name


class RunFile(models.Model):
    """The content of a file that a queued run was given, encrypted; deleted when the run ends."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="files")
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "sha256"], name="upkeep_runfile_once")]

    def __str__(self) -> str:
        return self.sha256


class CompletedOperation(models.Model):
    """An operation that is done once in a database, and was."""

    operation = models.CharField(max_length=200, unique=True)
    run = models.UUIDField(help_text="The run that did it; its row may be gone.")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.operation
