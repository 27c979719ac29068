"""Notes say which entry or task was changed, so that a matching need not read a whole project."""

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import Q

OF_TRACKER = "JOIN tracking_tracker AS tracker ON tracker.id = changed.tracker_id"
TASK = f"SELECT tracker.project_id, NULL::uuid, changed.id, {{names}} FROM changed {OF_TRACKER}"
NAMES = 'ARRAY[lower(changed.code COLLATE "C"), changed.url_key, changed.external_id, changed.moved_to]'
ENTRIES = f"SELECT tracker.project_id, changed.id, NULL::uuid, NULL::text[] FROM changed {OF_TRACKER}"
TASKS = TASK.format(names=NAMES)
OWNED = TASK.format(names="NULL::text[]")
PROJECT = f"SELECT DISTINCT tracker.project_id, NULL::uuid, NULL::uuid, NULL::text[] FROM changed {OF_TRACKER}"
FORMER = f"SELECT tracker.project_id, NULL::uuid, changed.task_id, ARRAY[changed.key] FROM changed {OF_TRACKER}"
ASSIGNED = f"""
    SELECT tracker.project_id, NULL::uuid, changed.task_id, NULL::text[]
    FROM (SELECT task.tracker_id, changed.task_id FROM changed JOIN tracking_task AS task ON task.id = changed.task_id)
        AS changed {OF_TRACKER}
"""
MATCHES = "SELECT changed.project_id, changed.entry_id, changed.task_id, NULL::text[] FROM changed"
PEOPLE = """
    SELECT tracker.project_id, NULL::uuid, concerned.id, NULL::text[]
    FROM (
        SELECT match.task_id FROM changed
            JOIN tracking_workentry AS entry ON entry.external_user_id = changed.id
            JOIN tracking_entrymatch AS match ON match.entry_id = entry.id
        UNION SELECT seen.task_id FROM changed JOIN tracking_taskassignee AS seen ON seen.external_user_id = changed.id
        UNION SELECT task.id FROM changed JOIN tracking_task AS task ON task.author_id = changed.id) AS of (task_id)
    JOIN tracking_task AS concerned ON concerned.id = of.task_id
    JOIN tracking_tracker AS tracker ON tracker.id = concerned.tracker_id
"""
"""Each gives project, entry, task, and the names by which entries lead to the task, of rows called `changed`."""

ROWS = """
CREATE FUNCTION tracking_note_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tracking_matchingchange (project_id, entry_id, task_id, names)
    WITH item (project_id, entry_id, task_id, names) AS ({items}), whole AS (
        SELECT project_id FROM item GROUP BY project_id HAVING count(*) > 10000 OR EXISTS (
            SELECT FROM tracking_matchingchange AS note
            WHERE note.project_id = item.project_id AND entry_id IS NULL AND task_id IS NULL AND run_id IS NULL))
    SELECT project_id, NULL, NULL, NULL FROM whole
    UNION ALL SELECT * FROM item WHERE project_id NOT IN (SELECT project_id FROM whole);
    RETURN NULL;
END $$;
CREATE TRIGGER tracking_note_{name} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed
    FOR EACH STATEMENT WHEN ({unless}) EXECUTE FUNCTION tracking_note_{name}();
"""
"""Where the next matching reads the whole project anyway, one note a statement is enough. It is another one, since that
which is there may be taken before this transaction ends."""
UPDATES = """
CREATE FUNCTION tracking_note_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tracking_matchingchange (project_id, entry_id, task_id, names)
    WITH changed AS (SELECT OLD.* UNION ALL SELECT NEW.*) {items};
    RETURN NULL;
END $$;
CREATE TRIGGER tracking_note_{name} AFTER UPDATE ON {table} FOR EACH ROW
    WHEN (({old}) IS DISTINCT FROM ({new}) AND {unless}) EXECUTE FUNCTION tracking_note_{name}();
"""
UNLESS = "current_setting('tracking.matching', true) IS DISTINCT FROM statement_timestamp()::text"
WATCHED = {
    "tracking_workentry": ({"INSERT": ENTRIES}, {"changed": (ENTRIES, "*")}),
    "tracking_task": (
        {"INSERT": TASKS, "DELETE": PROJECT}, {
            "named": (TASKS, "tracker_id external_id code url_key moved_to"),
            "owned": (OWNED, "estimate author_id owner_id"),
        },
    ),
    "tracking_formername": ({"INSERT": FORMER, "DELETE": FORMER}, {"changed": (FORMER, "*")}),
    "tracking_taskassignee": ({"INSERT": ASSIGNED, "DELETE": ASSIGNED}, {"changed": (ASSIGNED, "*")}),
    "tracking_externaluser": ({}, {"changed": (PEOPLE, "user_id")}),
    "tracking_entrymatch": (
        {"INSERT": MATCHES, "DELETE": MATCHES}, {"changed": (MATCHES, "project_id task_id matched_by_id")}
    ),
}  # fmt: skip
"""By table: what is noted of its new rows and of those that go, and by name what is noted when columns are updated.

Whatever refers to a row that goes is noted itself: an entry's match, a person's entries and tasks. A task that goes while
a matching writes leaves entries to the next one, of which nothing is stored: that reads them all.
"""


def triggers() -> str:
    """The statements that create all of them."""
    made = []
    for table, (events, updates) in WATCHED.items():
        for event, items in events.items():
            rows = {"INSERT": "NEW", "DELETE": "OLD"}[event]
            name = f"{table.removeprefix('tracking_')}_{event.lower()}"
            made.append(ROWS.format(name=name, event=event, rows=rows, table=table, items=items, unless=UNLESS))
        for update, (items, columns) in updates.items():
            name = f"{table.removeprefix('tracking_')}_{update}"
            old, new = (", ".join(f"{row}.{column}" for column in columns.split()) for row in ("OLD", "NEW"))
            made.append(UPDATES.format(name=name, table=table, items=items, old=old, new=new, unless=UNLESS))
    return "".join(made)


WHOLE = ("tracking_workentry", "tracking_formername", "tracking_taskassignee", "tracking_externaluser", "tracking_task")
"""Of their changes, only the project was noted before."""
UNWATCHED = "".join(
    f"DROP TRIGGER {name} ON {table};" for table in WHOLE for name in ("tracking_note_rows", "tracking_note_update")
)
NO_LONGER = "DROP FUNCTION tracking_note_of_task(), tracking_note_matches() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("tracking", "0006_entrymatch")]

    operations = [
        migrations.AddField("MatchingChange", "entry_id", models.UUIDField(null=True)),
        migrations.AddField("MatchingChange", "task_id", models.UUIDField(null=True)),
        migrations.AddField(
            "MatchingChange",
            "names",
            django.contrib.postgres.fields.ArrayField(
                models.TextField(),
                null=True,
                size=None,
                help_text="By which entries lead to the task; null: only what its owner depends on was changed.",
            ),
        ),
        migrations.AddIndex(
            "MatchingChange",
            models.Index(
                fields=["project_id"], condition=Q(entry_id=None, task_id=None), name="tracking_matchingchange_whole"
            ),
        ),
        migrations.RunSQL(UNWATCHED + NO_LONGER + triggers()),
    ]
