"""System checks: what is missing or misspelt is a line with its fix at start, and not a stack at night.

Their ids, with what they mean: `docs/checks.md`.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register, run_checks  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands, load_command_class
from django.db import DatabaseError, NotSupportedError, connections, router
from django.db.migrations.exceptions import BadMigrationError, CircularDependencyError
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from upkeep.conf import Options, conf
from upkeep.operations import default_commands, discovery, gate, registry
from upkeep.operations.command import OperationCommand
from upkeep.operations.definition import Operation
from upkeep.operations.errors import OperationError
from upkeep.operations.execution.failures import explanation
from upkeep.operations.models import Run
from upkeep.operations.readiness import unconfigured
from upkeep.operations.schedule import ScheduleEntry, default_schedule
from upkeep.operations.states import Status

TAG = "upkeep"
"""Of all checks of Upkeep: `manage.py check --tag upkeep`."""
LONG_WAIT = timedelta(hours=1)
SCHEDULE_HINT = "It is the dotted path of a list of ScheduleEntry objects, such as 'shop.schedule.SCHEDULE'."


@register(TAG)
def check_settings(**_kwargs: Any) -> list[CheckMessage]:
    """`UPKEEP` holds what it may, and dates have a time zone."""
    problems: list[CheckMessage] = []
    try:
        conf()
    except ImproperlyConfigured as error:
        problems.append(
            Error(f"{error}.", hint=f"The settings are {', '.join(Options.model_fields)}.", id="upkeep_operations.E001")
        )
    if not settings.USE_TZ:
        problems.append(
            Error(
                "USE_TZ is off, but the times of runs are stored in UTC.",
                hint="Set USE_TZ = True; TIME_ZONE remains the zone of schedules and of displayed times.",
                id="upkeep_operations.E002",
            )
        )
    return problems


@register(TAG)
def check_database(**_kwargs: Any) -> list[CheckMessage]:
    """Runs are kept in PostgreSQL."""
    alias = router.db_for_write(Run)
    if connections[alias].vendor == "postgresql":
        return []
    return [
        Error(
            f"Upkeep keeps its runs in PostgreSQL; DATABASES[{alias!r}] is {connections[alias].display_name}.",
            hint="Set its ENGINE to 'django.db.backends.postgresql', or route the app upkeep_operations to PostgreSQL.",
            id="upkeep_operations.E003",
        )
    ]


@register(TAG, Tags.database)
def check_database_version(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """PostgreSQL is not too old: asked before migrations, and by `check --database`."""
    alias = router.db_for_write(Run)
    if alias not in (databases or ()) or connections[alias].vendor != "postgresql":  # which another check reports
        return []
    try:
        connections[alias].ensure_connection()
    except NotSupportedError as error:  # Django's own least version is ours: PostgreSQL 14
        return [Error(f"{error}.", hint="Upgrade the server.", id="upkeep_operations.E004")]
    except DatabaseError:  # it is down: whatever needs it reports that
        pass
    return []


@register(TAG, deploy=True)
def check_migrations(**_kwargs: Any) -> list[CheckMessage]:
    """The database is there, and has all migrations. Asks it, so only `doctor` and `check --deploy` do it."""
    connection = connections[router.db_for_write(Run)]
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        hint = "Start it, or correct DATABASES."
        return [Error(f"The database cannot be queried: {explanation(error)}.", hint=hint, id="upkeep_operations.E005")]
    except (BadMigrationError, CircularDependencyError, LookupError, ValueError) as error:
        hint = "Correct the migrations; perhaps manage.py makemigrations was forgotten."
        return [Error(f"The migrations cannot be read: {error}.", hint=hint, id="upkeep_operations.E006")]
    if not missing:
        return []
    names = sorted({migration.app_label for migration, _ in missing})
    message = f"The database lacks migrations ({len(missing)}) of {', '.join(names)}."
    return [Error(message, hint="Run manage.py migrate.", id="upkeep_operations.E006")]


@register(TAG, deploy=True)
def check_once(**_kwargs: Any) -> list[CheckMessage]:
    """What is to be done once in a database was."""
    try:
        pending = list(gate.pending())
    except DatabaseError:  # it is not there or not migrated, which another check reports
        return []
    message = "{} is to be done once in a database, and was not in this one."
    return [
        Error(message.format(operation.name), hint=f"Run manage.py {_command(operation)}.", id="upkeep_operations.E007")
        for operation in pending
    ]


@register(TAG, Tags.database)
def check_gate(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """With `UPKEEP["GATE"]`, `migrate` asks that, too: this release may count on it."""
    return check_once() if _options().GATE and router.db_for_write(Run) in (databases or ()) else []


@register(TAG, deploy=True)
def check_waiting_runs(**_kwargs: Any) -> list[CheckMessage]:
    """No run has waited long for a worker."""
    since = timezone.now() - LONG_WAIT
    try:
        waiting = Run.objects.filter(status=Status.QUEUED, created_at__lt=since, parent=None)
        overdue = waiting.exclude(not_before__gt=since).order_by("created_at")
        first, number = overdue.first(), overdue.count()
    except DatabaseError:  # it is not there or not migrated, which another check reports
        return []
    if first is None:
        return []
    message = f"Runs queued for more than an hour: {number}. The first is run {first.pk} of {first.operation}."
    hint = f"Is there a worker for queue {first.queue!r}? `manage.py runs --status queued` lists them."
    return [Warning(message, hint=hint, id="upkeep_operations.W001")]


@register(TAG, deploy=True)
def check_pooler(**_kwargs: Any) -> list[CheckMessage]:
    """A pooler between here and PostgreSQL is declared. One is detected by the process ids that it invents."""
    connection = connections[router.db_for_write(Run)]
    options = connection.settings_dict
    threshold = options["OPTIONS"].get("prepare_threshold")
    if connection.vendor != "postgresql" or (options.get("DISABLE_SERVER_SIDE_CURSORS") and threshold is None):
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            [pid] = cursor.fetchone()
    except DatabaseError:  # another check reports it
        return []
    if pid == connection.connection.info.backend_pid:
        return []
    message = "There is a pooler such as PgBouncer in front of the database, and Django uses server-side cursors"
    if options.get("DISABLE_SERVER_SIDE_CURSORS"):
        message = "There is a pooler such as PgBouncer in front of the database, and psycopg prepares statements"
    wanted = "DISABLE_SERVER_SIDE_CURSORS in DATABASES to True, and prepare_threshold in its OPTIONS to None"
    if hasattr(settings, "DATABASE_POOLER"):
        wanted = "DATABASE_POOLER=transaction"
    hint = f"In transaction mode, set {wanted}; in session mode, silence this check."
    return [Warning(f"{message}.", hint=hint, id="upkeep_operations.W002")]


@register(TAG, deploy=True)
def check_configured(**_kwargs: Any) -> list[CheckMessage]:
    """Which operations lack a setting. Asks the database, so only `doctor` and `check --deploy` do it."""
    try:
        lacking = unconfigured()
    except DatabaseError:  # which another check reports
        return []
    hint = "Set it where operations run; until then, Beat skips them."
    return [
        Info(f"{', '.join(names)}: {text}.", hint=hint, id="upkeep_operations.I001") for text, names in lacking.items()
    ]


@register(TAG)
def check_declarations(**_kwargs: Any) -> list[CheckMessage]:
    """No declaration was refused."""
    return [Error(problem.message, hint=problem.hint, id=problem.id) for problem in registry.problems()]


@register(TAG)
def check_packages(**_kwargs: Any) -> list[CheckMessage]:
    """No folder of operations lacks its `__init__.py`."""
    return [
        Error(
            f"{folder} has Python modules but no __init__.py: operations in it are not found.",
            hint=f"Add {folder}/__init__.py; it may be empty.",
            id="upkeep_operations.E018",
        )
        for folder in discovery.folders_without_init()
    ]


@register(TAG)
def check_commands(**_kwargs: Any) -> list[CheckMessage]:
    """The command with each operation's name runs that operation."""
    options = _options()
    problems = (_problem_of_command(operation, options) for operation in registry.operations())
    return [problem for problem in problems if problem]


@register(TAG)
def check_reviewed(**_kwargs: Any) -> list[CheckMessage]:
    """What is to be reviewed is an operation, and has previews that can be applied: a misspelt name guards nothing."""
    hint = "Correct the name, or remove it."
    return [
        Error(f"UPKEEP['REVIEW_REQUIRED']: {fault}.", hint=hint, id="upkeep_operations.E022")
        for name in _options().REVIEW_REQUIRED
        if (fault := _fault_of_reviewed(name))
    ]


@register(TAG)
def check_schedule(**_kwargs: Any) -> list[CheckMessage]:
    """Every entry of the default schedule names an operation, has valid params, confirms it, and has its own name."""
    try:
        entries = default_schedule() if _options().SCHEDULE else ()
    except ImproperlyConfigured as error:
        return [Error(f"{error}.", hint=SCHEDULE_HINT, id="upkeep_operations.E030")]
    return list(_problems_of_entries(entries))


def _options() -> Options:
    """The settings; the defaults in place of invalid ones, which are a problem of `check_settings` alone."""
    try:
        return conf()
    except ImproperlyConfigured:
        return Options()


def _fault_of_reviewed(name: str) -> str:
    try:
        operation = registry.find(name)
    except OperationError as error:
        return str(error)
    can_be_applied = operation.has_dry_run and operation.has_limits
    return "" if can_be_applied else f"{operation.name} has no preview that could be applied"


def _problem_of_command(operation: Operation[Any], options: Options) -> CheckMessage | None:
    name = operation.short_name
    app = get_commands().get(name)
    if not operation.has_own_command:
        return None
    if app is None or default_commands.is_provided(name):
        if options.SHIMS == "optional":
            return None
        config = apps.get_containing_app_config(operation.function.__module__)
        folder = config.name.replace(".", "/") if config else "an app's folder"
        return Error(
            f"Operation {operation.name} has no module for its command.",
            hint=f"Add {folder}/management/commands/{name}.py: `class Command(OperationCommand): operation = {name}`.",
            id="upkeep_operations.E020",
        )
    found = _what_runs(app, name)
    if found is operation:
        return None
    if isinstance(found, Operation):
        message, hint = f"runs {found.name}, not {operation.name}", f"Set `operation = {name}` in its class"
    else:
        message = f"{found}, so it does not run {operation.name}"
        hint = f"Rename the operation; until then, run it by `run_task {operation.name}`"
    return Error(f"The command {name!r} {message}.", hint=f"{hint}.", id="upkeep_operations.E021")


def _command(operation: Operation[Any]) -> str:
    """What runs it here."""
    return operation.short_name if operation.has_own_command else f"run_task {operation.name} --sync"


def _what_runs(app: str, name: str) -> Operation[Any] | str:
    """The operation that the app's command of this name runs; or why it runs none."""
    try:
        command = load_command_class(app, name)
    except (AttributeError, ImportError) as error:
        return f"cannot be loaded ({error})"
    operation = getattr(command, "operation", None)
    return operation if isinstance(command, OperationCommand) and operation else f"belongs to {app}"


def _problems_of_entries(entries: Sequence[ScheduleEntry]) -> Iterable[CheckMessage]:
    for entry in entries:
        try:
            operation = registry.find(entry.operation)
            operation.check_confirmed(operation.parse(entry.params), confirm=entry.confirm)
        except OperationError as error:
            yield Error(f"Schedule entry {entry.name!r}: {error}", id="upkeep_operations.E031")
    if len({entry.name for entry in entries}) < len(entries):
        yield Error("Two schedule entries have the same name.", id="upkeep_operations.E032")


def errors() -> list[str]:
    """The errors among all checks of Upkeep, as Django formats them."""
    found = run_checks(tags=[TAG])
    return [str(problem) for problem in found if problem.is_serious() and not problem.is_silenced()]
