"""What changes the matches or the owners of a project is noted by the database, in the transaction that changes it."""

from django.db import migrations, models

NOTE = """
CREATE FUNCTION tracking_note(changed uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE token text := changed || ' ' || statement_timestamp();
BEGIN
    IF current_setting('tracking.noted', true) IS DISTINCT FROM token THEN
        INSERT INTO tracking_matchingchange (project_id) SELECT project_id FROM tracking_tracker WHERE id = changed;
        PERFORM set_config('tracking.noted', token, true);
    END IF;
END $$;

CREATE FUNCTION tracking_note_of_tracker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM tracking_note(OLD.tracker_id); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM tracking_note(NEW.tracker_id); END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION tracking_note_of_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tracking_note(tracker_id) FROM tracking_task
    WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.task_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.task_id END);
    RETURN NULL;
END $$;

CREATE FUNCTION tracking_note_of_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN INSERT INTO tracking_matchingchange (project_id) VALUES (OLD.project_id); END IF;
    IF TG_OP <> 'DELETE' THEN INSERT INTO tracking_matchingchange (project_id) VALUES (NEW.project_id); END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION tracking_forget_notes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tracking_matchingchange WHERE project_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tracking_forget_notes AFTER DELETE ON tracking_project
    FOR EACH ROW EXECUTE FUNCTION tracking_forget_notes();

INSERT INTO tracking_matchingchange (project_id) SELECT id FROM tracking_project;
"""
TRIGGERS = """
CREATE TRIGGER tracking_note_rows AFTER INSERT OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();
CREATE TRIGGER tracking_note_update AFTER UPDATE ON {table} FOR EACH ROW
    WHEN (({old}) IS DISTINCT FROM ({new})
        AND current_setting('tracking.matching', true) IS DISTINCT FROM statement_timestamp()::text)
    EXECUTE FUNCTION {function}();
"""
FORGET = """
DROP TRIGGER tracking_forget_notes ON tracking_project;
DROP FUNCTION tracking_forget_notes(), tracking_note_of_project(), tracking_note_of_task(),
    tracking_note_of_tracker(), tracking_note(uuid) CASCADE;
"""
OF_TRACKER, OF_TASK, OF_PROJECT = "tracking_note_of_tracker", "tracking_note_of_task", "tracking_note_of_project"
WATCHED = {
    "tracking_workentry": (OF_TRACKER, "*"),
    "tracking_workmatch": (OF_TRACKER, "*"),
    "tracking_formername": (OF_TRACKER, "*"),
    "tracking_taskassignee": (OF_TASK, "*"),
    "tracking_externaluser": (OF_TRACKER, "tracker_id user_id"),
    "tracking_task": (
        OF_TRACKER, "tracker_id external_id code url url_key moved_to estimate author_id owner_id",
    ),
    "tracking_tracker": (OF_PROJECT, "project_id name place api_kind api_location pages"),
}  # fmt: skip
"""By table: what notes the project, and the columns that count."""


def triggers() -> str:
    """The statements that create all of them."""
    return "".join(
        TRIGGERS.format(
            table=table,
            function=function,
            old=", ".join(f"OLD.{column}" for column in columns.split()),
            new=", ".join(f"NEW.{column}" for column in columns.split()),
        )
        for table, (function, columns) in WATCHED.items()
    )


class Migration(migrations.Migration):
    dependencies = [("tracking", "0004_workentry_started")]

    operations = [
        migrations.CreateModel(
            name="MatchingChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("project_id", models.UUIDField(db_index=True)),
                ("run_id", models.UUIDField(null=True, help_text="The matching that takes it into account.")),
            ],
        ),
        migrations.RunSQL(NOTE + triggers(), FORGET),
    ]
