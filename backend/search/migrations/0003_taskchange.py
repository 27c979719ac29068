"""What makes the index outdated is noted by the database, in the transaction that changes it."""

import django.db.models.deletion
from django.db import migrations, models

NOTE = """
ALTER TABLE search_taskchange ADD CONSTRAINT search_taskchange_project
    FOREIGN KEY (project_id) REFERENCES tracking_project (id) ON DELETE CASCADE;

CREATE FUNCTION search_note_task() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE token text := NEW.tracker_id || ' ' || statement_timestamp();
BEGIN  -- once a statement and tracker, however many of its tasks change
    IF current_setting('search.noted', true) IS DISTINCT FROM token THEN
        INSERT INTO search_taskchange (project_id) SELECT project_id FROM tracking_tracker WHERE id = NEW.tracker_id;
        PERFORM set_config('search.noted', token, true);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER search_note_task AFTER UPDATE ON tracking_task FOR EACH ROW WHEN (
    (OLD.title, OLD.description, OLD.tracker_id, OLD.moved_to, OLD.closed_at IS NULL)
    IS DISTINCT FROM (NEW.title, NEW.description, NEW.tracker_id, NEW.moved_to, NEW.closed_at IS NULL)
) EXECUTE FUNCTION search_note_task();

CREATE FUNCTION search_note_tracker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_taskchange (project_id) VALUES (NEW.project_id);
    RETURN NULL;
END $$;
CREATE TRIGGER search_note_tracker AFTER UPDATE ON tracking_tracker FOR EACH ROW
    WHEN (OLD.project_id IS DISTINCT FROM NEW.project_id) EXECUTE FUNCTION search_note_tracker();

INSERT INTO search_taskchange (project_id) SELECT id FROM tracking_project;
"""
FORGET = """
DROP TRIGGER search_note_tracker ON tracking_tracker;
DROP TRIGGER search_note_task ON tracking_task;
DROP FUNCTION search_note_tracker(), search_note_task();
ALTER TABLE search_taskchange DROP CONSTRAINT search_taskchange_project;
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0002_signs_and_newest_task"), ("tracking", "0005_matchingchange")]

    operations = [
        migrations.CreateModel(
            name="TaskChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("run", models.UUIDField(help_text="The run that takes it into account.", null=True)),
                ("project", models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="tracking.project")),
            ],
        ),
        migrations.RunSQL(NOTE, FORGET),
    ]
