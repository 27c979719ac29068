"""The match of a work entry is a row of a narrow table of its own."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

MOVE = """
INSERT INTO tracking_entrymatch (entry_id, project_id, task_id, matched_by_id)
SELECT entry.id, tracker.project_id, entry.task_id, entry.matched_by_id
FROM tracking_workentry AS entry JOIN tracking_tracker AS tracker ON tracker.id = entry.tracker_id
WHERE entry.task_id IS NOT NULL OR entry.matched_by_id IS NOT NULL;

INSERT INTO tracking_matchingchange (project_id) SELECT id FROM tracking_project;
"""
"""What each entry was looked up by is not known: the next matching reads all of them."""
MOVE_BACK = """
UPDATE tracking_workentry AS entry SET task_id = match.task_id, matched_by_id = match.matched_by_id
FROM tracking_entrymatch AS match WHERE match.entry_id = entry.id;
"""
UNWATCHED = """
DROP TRIGGER tracking_note_rows ON tracking_workentry;
DROP TRIGGER tracking_note_update ON tracking_workentry;
"""
WATCHED = """
CREATE TRIGGER tracking_note_rows AFTER INSERT OR DELETE ON tracking_workentry
    FOR EACH ROW EXECUTE FUNCTION tracking_note_of_tracker();
CREATE TRIGGER tracking_note_update AFTER UPDATE ON tracking_workentry FOR EACH ROW
    WHEN ((OLD.*) IS DISTINCT FROM (NEW.*)) EXECUTE FUNCTION tracking_note_of_tracker();
"""
TRIGGERS = """
CREATE FUNCTION tracking_note_matches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('tracking.matching', true) IS DISTINCT FROM statement_timestamp()::text THEN
        INSERT INTO tracking_matchingchange (project_id) SELECT DISTINCT project_id FROM changed;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tracking_note_inserts AFTER INSERT ON tracking_entrymatch
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tracking_note_matches();
CREATE TRIGGER tracking_note_updates AFTER UPDATE ON tracking_entrymatch
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tracking_note_matches();
CREATE TRIGGER tracking_note_deletes AFTER DELETE ON tracking_entrymatch
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tracking_note_matches();

CREATE FUNCTION tracking_drop_matches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tracking_entrymatch AS match USING gone WHERE match.entry_id = gone.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tracking_drop_matches AFTER DELETE ON tracking_workentry
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION tracking_drop_matches();

CREATE FUNCTION tracking_empty_matches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tracking_entrymatch AS match SET task_id = NULL FROM gone WHERE match.task_id = gone.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tracking_empty_matches AFTER DELETE ON tracking_task
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION tracking_empty_matches();
"""
NO_TRIGGERS = """
DROP FUNCTION tracking_note_matches(), tracking_drop_matches(), tracking_empty_matches() CASCADE;
"""
NOTHING = django.db.models.deletion.DO_NOTHING


class Migration(migrations.Migration):
    dependencies = [("tracking", "0005_matchingchange")]

    operations = [
        migrations.CreateModel(
            name="EntryMatch",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=NOTHING,
                        primary_key=True,
                        related_name="match",
                        serialize=False,
                        to="tracking.workentry",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_constraint=False, db_index=False, on_delete=NOTHING, related_name="+", to="tracking.project"
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=NOTHING,
                        related_name="matches",
                        to="tracking.task",
                    ),
                ),
                (
                    "matched_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tracking.workmatch",
                    ),
                ),
                (
                    "looked_for",
                    models.TextField(
                        blank=True,
                        null=True,
                        help_text="The code, id or address of a task that there is not. Of unmatched work alone.",
                    ),
                ),
                (
                    "missed",
                    django.contrib.postgres.fields.ArrayField(
                        models.IntegerField(),
                        blank=True,
                        null=True,
                        size=None,
                        help_text="Hashes of the names that rules looked for in vain, with and without a match in the end.",
                    ),
                ),
            ],
            options={"verbose_name_plural": "entry matches"},
        ),
        migrations.AddIndex(
            "EntryMatch", models.Index(fields=["project", "matched_by"], name="tracking_entrymatch_rule")
        ),
        migrations.AddIndex(
            "EntryMatch",
            django.contrib.postgres.indexes.GinIndex(
                fields=["missed"], condition=Q(missed__isnull=False), name="tracking_entrymatch_missed"
            ),
        ),
        migrations.RunSQL(UNWATCHED, WATCHED),
        migrations.RunSQL(MOVE, MOVE_BACK),
        migrations.RemoveField("WorkEntry", "matched_by"),
        migrations.RemoveField("WorkEntry", "task"),
        migrations.RunSQL(WATCHED + TRIGGERS, UNWATCHED + NO_TRIGGERS),
    ]
