from typing import Any

import django.db.models.deletion
import pgvector.django
from django.core.management.base import CommandError
from django.db import DatabaseError, migrations, models
from pgvector.django import VectorExtension

CASCADE = """
    ALTER TABLE search_taskvector ADD CONSTRAINT search_taskvector_task
        FOREIGN KEY (task_id) REFERENCES tracking_task (id) ON DELETE CASCADE
"""


class PgvectorExtension(VectorExtension):
    """pgvector, or one line that says what has to be done to have it."""

    def database_forwards(self, *args: Any) -> None:
        try:
            super().database_forwards(*args)
        except DatabaseError as error:
            raise CommandError(
                f"pgvector cannot be made available in this database ({str(error).splitlines()[0]}): install it on the "
                "server (0.8.3 or newer), and run there, as a superuser: CREATE EXTENSION vector;"
            ) from error


class Migration(migrations.Migration):
    initial = True

    dependencies = [("tracking", "0001_initial")]

    operations = [
        PgvectorExtension(),
        migrations.CreateModel(
            name="SearchState",
            fields=[
                ("organization", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="+", serialize=False, to="tracking.organization")),
                ("model", models.TextField(help_text="The embedder's name.")),
                ("updated_at", models.DateTimeField(help_text="When it was last brought up to date.")),
                ("last_task", models.UUIDField(help_text="The newest task then: its id. Later ones are greater.", null=True)),
                ("backtest", models.JSONField(default=dict, help_text="How good estimates of its own finished tasks are.")),
            ],
        ),
        migrations.CreateModel(
            name="TaskVector",
            fields=[
                ("task", models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name="+", serialize=False, to="tracking.task")),
                ("is_finished", models.BooleanField()),
                ("model", models.TextField(help_text="The embedder's name.")),
                ("content_hash", models.UUIDField(help_text="Of title and description, as they were embedded.")),
                ("vector", pgvector.django.HalfVectorField()),
                ("project", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="tracking.project")),
            ],
            options={
                "indexes": [models.Index(fields=["project", "is_finished", "model"], name="search_taskvector_scope")],
            },
        ),
        migrations.RunSQL(CASCADE, "ALTER TABLE search_taskvector DROP CONSTRAINT search_taskvector_task"),
    ]
