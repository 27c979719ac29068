"""Work entries by the million: a project whose rules match them, filled in by SQL."""

from django.db import connection

from backend.tracking.kernel.kinds import MatchOn
from backend.tracking.models import Organization, Project, Tracker, WorkMatch

CODE = "bench"
CODE_PATTERN = r"^(?P<task_code>#\d+).*"
TEMPLATE = "bench_workentry"
USERS = 10
TABLES = """
    tracking_organization, tracking_project, tracking_tracker, tracking_task, tracking_workentry, tracking_entrymatch,
    accounts_user
"""

TASKS = """
    INSERT INTO tracking_task (id, tracker_id, external_id, code, title, description, url, state)
    SELECT lpad(to_hex(n), 32, '0')::uuid, %(tracker)s, n, '#' || n, 'Task ' || n, '', 'https://t.example/' || n, ''
    FROM generate_series(1, %(number)s) n
"""
DECLARED = """
    INSERT INTO tracking_task (id, tracker_id, external_id, code, title, description, url, state)
    SELECT gen_random_uuid(), %(tracker)s, '', code, code, '', '', '' FROM unnest(ARRAY['various', 'meetings']) code
"""
PEOPLE = """
    WITH person AS (
        INSERT INTO accounts_user (username, email, password, first_name, last_name, full_name, is_active, is_staff,
                                   is_superuser, date_joined)
        SELECT 'user' || n, '', '', '', '', 'user' || n, true, false, false, now() FROM generate_series(1, %(number)s) n
        RETURNING id, username),
    member AS (
        INSERT INTO tracking_organizationprofile (id, organization_id, user_id)
        SELECT gen_random_uuid(), %(organization)s, id FROM person)
    INSERT INTO tracking_externaluser (id, tracker_id, external_id, username, name, email, user_id, former_names)
    SELECT gen_random_uuid(), %(tracker)s, username, username, '', '', id, '{}' FROM person
"""
ENTRIES = """
    INSERT INTO tracking_workentry (id, tracker_id, external_id, external_user_id, breadcrumb, text, started_at,
                                    duration, external_task)
    SELECT lpad(to_hex(n), 32, '0')::uuid, %(tracker)s, n, people[1 + mod(n, cardinality(people))],
           'Customer / Project ' || mod(n, 20) || ' / Development',
           CASE WHEN mod(n, 10) < 7 THEN '#' || 1 + mod(n::bigint * 7919, %(tasks)s) || ' did more of what was to do'
                WHEN mod(n, 10) < 8 THEN '#' || %(tasks)s + n || ' is not among the tasks'
                WHEN mod(n, 10) < 9 THEN 'Meeting with the customer about this and that'
                ELSE 'Looked around, and thought about it' END,
           timestamptz '2024-01-01 09:00Z' + n * interval '1 minute', interval '45 minutes', ''
    FROM generate_series(1, %(number)s) n,
         (SELECT array_agg(id) AS people FROM tracking_externaluser WHERE tracker_id = %(tracker)s) p
"""  # fmt: skip


def empty() -> None:
    """Let there be no organization, and no user."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} CASCADE")


def fill(entries: int, tasks: int) -> None:
    """Let there be one organization with one project, and three rules, none of which was applied."""
    empty()
    project = Project.objects.create(
        organization=Organization.objects.create(code=CODE, name="Bench"), code="app", name="An app"
    )
    github = Tracker.objects.create(project=project, name="github", place=0)
    kimai = Tracker.objects.create(project=project, name="kimai", place=1)
    add_rule(github, MatchOn.PATTERN_TO_TASK_CODE, 100, text_pattern=CODE_PATTERN)
    add_rule(github, MatchOn.PATTERN_TO_TASK, 50, text_pattern="(?i)meeting", target_task="meetings")
    add_rule(github, MatchOn.ALWAYS_TO_TASK, 1, target_task="various")
    with connection.cursor() as cursor:
        cursor.execute(TASKS, {"tracker": github.pk, "number": tasks})
        cursor.execute(DECLARED, {"tracker": github.pk})
        cursor.execute(PEOPLE, {"organization": project.organization_id, "tracker": kimai.pk, "number": USERS})
        cursor.execute(ENTRIES, {"tracker": kimai.pk, "number": entries, "tasks": tasks})
    settle()


def add_rule(tracker: Tracker, match_on: MatchOn, priority: int, **columns: str) -> None:
    """Let the tracker have one more rule."""
    WorkMatch.objects.create(tracker=tracker, match_on=match_on, priority=priority, **columns)


def keep() -> None:
    """Remember the work entries as they are."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TEMPLATE}")
        cursor.execute(f"CREATE UNLOGGED TABLE {TEMPLATE} AS TABLE tracking_workentry")


def reset() -> None:
    """Let the work entries be as they were when they were remembered, in a table without dead rows."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tracking_workentry, tracking_entrymatch")
        cursor.execute(f"INSERT INTO tracking_workentry SELECT * FROM {TEMPLATE} ORDER BY id")  # noqa: S608
    settle()


def settle() -> None:
    """Let the server do now what it would do in the middle of the next measurement."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE tracking_workentry, tracking_entrymatch, tracking_task")
        cursor.execute("CHECKPOINT")
