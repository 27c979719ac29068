"""The similarity index: a vector for each task, and how far it is up to date."""

from typing import ClassVar

from django.db import models
from pgvector.django import HalfVectorField

from backend.tracking.models import Organization, Project, Task


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

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["project", "is_finished", "model"], name="search_taskvector_scope"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class SearchState(models.Model):
    """How far an organization's tasks are in the index."""

    organization = models.OneToOneField(Organization, models.CASCADE, primary_key=True, related_name="+")
    model = models.TextField(help_text="The embedder's name.")
    updated_at = models.DateTimeField(help_text="When it was last brought up to date.")
    last_task = models.UUIDField(null=True, help_text="The newest task then: its id. Later ones are greater.")
    backtest = models.JSONField(default=dict, help_text="How good estimates of its own finished tasks are.")

    def __str__(self) -> str:
        return str(self.organization)
