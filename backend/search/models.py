"""The similarity index: a vector for each task, and how far it is up to date."""

from typing import ClassVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from pgvector.django import HalfVectorField

from backend.tracking.models import Organization, Project, Task


class BitsField(models.Field):  # type: ignore[type-arg]  # Django has no generic one
    """As many bits as a vector has numbers."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002 - Django's signature
        """PostgreSQL's name for it."""
        return "bit varying"


class TaskVector(models.Model):
    """What a task means to a model, with what searches are limited by; no task without text has one.

    PostgreSQL deletes it with its task. Rows of former models stay until their tasks are embedded anew.
    """

    task = models.OneToOneField(
        Task, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="+"
    )  # the migration makes the constraint, which cascades
    project = models.ForeignKey(Project, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    is_finished = models.BooleanField()
    model = models.TextField(help_text="The embedder's name.")
    content_hash = models.UUIDField(help_text="Of title and description, as they were embedded.")
    vector = HalfVectorField()
    signs = models.GeneratedField(
        expression=models.Func("vector", function="binary_quantize"),
        output_field=BitsField(),
        db_persist=True,
        help_text="A bit for each number of the vector: 1 if it is above 0. Near vectors differ in few.",
    )

    class Meta:
        indexes: ClassVar = [  # what a search is limited to, with all that its first step reads
            models.Index(
                fields=["project", "is_finished", "model"], include=["task", "signs"], name="search_taskvector_scope"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class TaskChange(models.Model):
    """A statement changed tasks of a project in a way that the index has to follow. Triggers write it.

    Tasks that are new are noted nowhere: their ids are greater than `SearchState.last_task`.
    """

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(
        Project, models.DO_NOTHING, db_constraint=False, related_name="+"
    )  # the migration makes the constraint, which cascades
    run = models.UUIDField(null=True, help_text="The run that takes it into account.")

    def __str__(self) -> str:
        return str(self.project_id)


class SearchState(models.Model):
    """How far an organization's tasks are in the index."""

    organization = models.OneToOneField(Organization, models.CASCADE, primary_key=True, related_name="+")
    model = models.TextField(help_text="The embedder's name; empty: it was never up to date.")
    updated_at = models.DateTimeField(help_text="When it was last brought up to date.")
    run = models.UUIDField(null=True, help_text="The last run that began with it.")
    newest_task = models.UUIDField(null=True, help_text="The newest task of all when that run began: its id.")
    last_task = models.UUIDField(null=True, help_text="The newest task that was looked at. Later ids are greater.")
    backtest = models.JSONField(default=dict, help_text="How good estimates of its own finished tasks are.")

    def __str__(self) -> str:
        return str(self.organization)
