"""What a project is told that installs the library and lacks something, each time by a process of its own."""

from pathlib import Path

import pytest
from django.db import connection

from tests.projects import FILES, project, reported

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "upkeep.operations", "people", "goods"]
HEAD = "from upkeep.operations import Params, RunContext, ScheduleEntry, operation\nclass Nothing(Params): pass\n"
SYNC = 'def {0}(params: Nothing, run: RunContext) -> None:\n    """Do nothing."""\n'
WRONG_FILES = {
    "shop/__init__.py": "",
    "shop/schedule.py": HEAD
    + """
SCHEDULE = [
    ScheduleEntry("night", "goods.sync_pricse", "0 2 * * *"),
    ScheduleEntry("noon", "goods.sync_prices", "noon", {"limti": 1}),
]
""",
    "goods/operations.py": FILES["goods/operations.py"]
    + """
@operation("goods.forget")
def forget(params, run):
    pass

@operation("sync-goods")
def sync_goods(params: SyncPrices, run: RunContext) -> None:
    \"\"\"Do nothing.\"\"\"

class Keyed(Params):
    verbosity: int = 1

@operation("goods.key")
def key(params: Keyed, run: RunContext) -> None:
    \"\"\"Do nothing.\"\"\"

@operation("goods.archive")
def archive(params: SyncPrices, run: RunContext) -> None:
    \"\"\"Do nothing.\"\"\"

@operation("goods.migrate")
def migrate(params: SyncPrices, run: RunContext) -> None:
    \"\"\"Do nothing.\"\"\"
""",
    "goods/management/commands/archive.py": """
from goods.operations import sync_prices
from upkeep.operations import OperationCommand
class Command(OperationCommand):
    operation = sync_prices
""",
    "bills/__init__.py": "",
    "bills/operations/__init__.py": "",
    "bills/operations/nightly/__init__.py": "",
    "bills/operations/forgotten/weekly/__init__.py": "",
    "bills/operations/forgotten/weekly/sums.py": "",
    "bills/operations/tests/test_sums.py": "",
    "bills/operations/nightly/prices.py": HEAD + '@operation("bills.sync_prices")\n' + SYNC.format("sync"),
}
WRONG = [
    ("upkeep_operations.E002", "USE_TZ is off"),
    ("upkeep_operations.E003", "DATABASES['default'] is SQLite"),
    ("upkeep_operations.E011", "and bills.sync_prices of bills.operations.nightly.prices (`sync`, line 3)"),
    ("upkeep_operations.E012", "Operation 'sync-goods' of goods.operations"),
    ("upkeep_operations.E013", "Operation 'goods.forget' of goods.operations has no docstring"),
    ("upkeep_operations.E014", "Operation 'goods.forget' of goods.operations has no argument `params`"),
    ("upkeep_operations.E015", "Operation 'goods.key' of goods.operations: parameter 'verbosity'"),
    ("upkeep_operations.E017", "Operation 'goods.key': parameter 'verbosity' has no help"),
    ("upkeep_operations.E018", "bills/operations/forgotten has Python modules but no __init__.py"),
    ("upkeep_operations.E020", "Operation goods.sync_prices has no module for its command"),
    ("upkeep_operations.E021", "The command 'archive' runs goods.sync_prices, not goods.archive"),
    ("upkeep_operations.E021", "The command 'migrate' belongs to django.core, so it does not run goods.migrate"),
    ("upkeep_operations.E031", "Schedule entry 'night': no operation 'goods.sync_pricse'"),
    ("upkeep_operations.E031", "Schedule entry 'noon': unknown parameter 'limti' (did you mean 'limit'?)"),
    ("upkeep_worker.E001", "Upkeep has no Celery app"),
    ("upkeep_worker.E003", "needs django_celery_beat, which is not in INSTALLED_APPS"),
    ("upkeep_worker.E004", "Schedule entry 'noon': the crontab 'noon' is invalid: it has 1 of 5 fields"),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a project is told where nothing is as it should be."""
    made = project(
        tmp_path_factory.mktemp("wrong"),
        WRONG_FILES,
        USE_TZ=False,
        INSTALLED_APPS=[*APPS, "upkeep.worker", "bills"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        UPKEEP={"SHIMS": "required", "SCHEDULE": "shop.schedule.SCHEDULE"},
    )
    done = made.manage("sync_prices")
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize(("check", "text"), WRONG, ids=[f"{check}-{text[:40]}" for check, text in WRONG])
def test_what_is_missing_or_wrong_is_one_line_that_names_it(told: str, check: str, text: str) -> None:
    assert [line for line in reported(told)[check] if text in line]


def test_everything_that_is_wrong_is_told_at_once_without_a_stack_and_nothing_else(told: str) -> None:
    assert {name for name, _ in WRONG} == set(reported(told))
    assert len(WRONG) == sum(map(len, reported(told).values()))
    assert "Traceback" not in told
    assert told.count("HINT: ") == len(WRONG) - 2  # what a schedule's entry lacks is said with its fix


def test_a_project_with_all_it_needs_is_told_nothing(tmp_path: Path) -> None:
    done = project(tmp_path).manage("check")
    assert (done.returncode, done.stderr) == (0, "")


def test_misspelt_settings_are_one_line_whatever_is_run(tmp_path: Path) -> None:
    made = project(tmp_path, UPKEEP={"LEASE_SECOND": 7, "SHIMS": "maybe"})
    for words in (["check"], ["sync_prices"], ["run_task", "sync_prices", "--enqueue"]):
        done = made.manage(*words)
        [line] = reported(done.stderr)["upkeep_operations.E001"]
        assert "unknown UPKEEP setting 'LEASE_SECOND' (did you mean 'LEASE_SECONDS'?)" in line
        assert """UPKEEP["SHIMS"] should be 'required' or 'optional', not 'maybe'""" in line
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert made.manage("help").returncode == 0


def test_an_adopted_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    adopted = FILES["goods/operations.py"] + (
        "from upkeep.operations import adopt_command\nadopt_command('clearsesions')\nadopt_command('check')\n"
    )
    done = project(tmp_path, {"goods/operations.py": adopted}).manage("check")
    [line] = reported(done.stderr)["upkeep_operations.E016"]
    assert (done.returncode, "clearsesions" in line, "Traceback" in done.stderr) == (1, True, False)
    assert "already" not in line


def test_an_error_in_a_module_of_operations_is_shown_with_its_place(tmp_path: Path) -> None:
    done = project(tmp_path, {"goods/operations.py": "import goods.nowhere\n"}).manage("check")
    assert done.returncode == 1
    assert 'goods/operations.py", line 1' in done.stderr
    assert "No module named 'goods.nowhere'" in done.stderr


def test_a_server_that_is_too_old_is_told_before_anything_is_migrated(tmp_path: Path) -> None:
    """Django's own way to say so, for a server of the future."""
    backend = """
from django.db.backends.postgresql import base
class DatabaseWrapper(base.DatabaseWrapper):
    class features_class(base.DatabaseWrapper.features_class):
        minimum_database_version = (99,)
"""
    server = connection.get_connection_params()
    database = {name.upper(): server[name] for name in ("host", "port", "user", "password")}
    made = project(
        tmp_path,
        {"old/__init__.py": "", "old/base.py": backend},
        DATABASES={"default": {"ENGINE": "old", "NAME": "postgres", **database}},
    )
    for words in (["migrate"], ["check", "--database", "default"]):
        done = made.manage(*words)
        [line] = reported(done.stderr)["upkeep_operations.E004"]
        assert line.startswith("PostgreSQL 99 or later is required (found ")
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert made.manage("check").returncode == 0


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("shop.celery.app", None),
        ("shop.celery.ap", """UPKEEP["CELERY_APP"]: Module "shop.celery" does not define a "ap" attribute/class."""),
        ("shop.selery.app", """UPKEEP["CELERY_APP"]: No module named 'shop.selery'."""),
        ("shop.settings.SECRET_KEY", "Upkeep has no Celery app."),
    ],
)
def test_the_celery_app_is_found_by_its_path(tmp_path: Path, path: str, told: str | None) -> None:
    made = project(tmp_path, {"shop/__init__.py": ""}, UPKEEP={"CELERY_APP": path})
    found = reported(made.manage("check").stderr)
    assert found == ({"upkeep_worker.E001": [told]} if told else {})


def test_a_broker_that_nobody_named_is_a_warning(tmp_path: Path) -> None:
    done = project(tmp_path, CELERY_BROKER_URL=None).manage("check")
    [line] = reported(done.stderr)["upkeep_worker.W001"]
    assert (done.returncode, "amqp://guest@localhost" in line) == (0, True)


@pytest.mark.parametrize(("create", "check"), [(True, "upkeep_worker.W004"), (False, "upkeep_worker.E002")])
def test_a_queue_that_is_not_among_celery_s_is_named(tmp_path: Path, create: bool, check: str) -> None:  # noqa: FBT001
    made = project(tmp_path, CELERY_TASK_CREATE_MISSING_QUEUES=create, CELERY_TASK_DEFAULT_QUEUE="shop")
    with (tmp_path / "shop" / "settings.py").open("a", encoding="utf-8") as file:
        file.write('from kombu import Queue\nCELERY_TASK_QUEUES = [Queue("shop")]\n')
    done = made.manage("check")
    [line] = reported(done.stderr)[check]
    assert line.startswith("Queue 'celery' of goods.sync_prices is not in CELERY_TASK_QUEUES")
    assert done.returncode == (0 if create else 1)


def test_a_deployment_asks_whether_anybody_listens(tmp_path: Path, redis_url: str) -> None:
    made = project(tmp_path)
    [line] = reported(made.manage("check", "--deploy").stderr)["upkeep_worker.W002"]
    assert line == "The broker redis://:**@127.0.0.1:1/0 cannot be reached (OperationalError)."
    made.set(CELERY_BROKER_URL=redis_url)
    told = made.manage("check", "--deploy").stderr
    assert reported(told)["upkeep_worker.W003"] == [
        "No worker listens to queue 'celery', where runs of goods.sync_prices wait."
    ]
    assert "upkeep" not in made.manage("check").stderr


@pytest.mark.parametrize("program", ["worker", "beat"])
def test_a_worker_and_beat_do_not_start_with_an_error(tmp_path: Path, redis_url: str, program: str) -> None:
    made = project(tmp_path, CELERY_BROKER_URL=redis_url, UPKEEP={"LEASE_SECOND": 7})
    done = made.python("-m", "celery", "-A", "shop", program)
    assert done.returncode == 1
    assert "unknown UPKEEP setting 'LEASE_SECOND' (did you mean 'LEASE_SECONDS'?)" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_starts_when_celery_is_told_to_skip_checks(tmp_path: Path, redis_url: str) -> None:
    made = project(tmp_path, CELERY_BROKER_URL=redis_url, USE_TZ=False)
    worker = ("-m", "celery", "-A", "shop", "--skip-checks", "worker", "-l", "info", "--pool", "solo")
    with made.started(*worker, until=" ready."):
        pass


def test_a_worker_listens_to_the_queues_of_all_operations_unless_it_is_told_otherwise(
    tmp_path: Path, redis_url: str
) -> None:
    made = project(tmp_path, CELERY_BROKER_URL=redis_url, UPKEEP={"PREFIX": "listening-", "DEFAULT_QUEUE": "nightly"})
    for words, heard in (((), True), (("-Q", "celery"), False)):
        with made.started(
            "-m", "celery", "-A", "shop", "worker", "-l", "info", "--pool", "solo", *words, until=" ready."
        ):
            lines = reported(made.manage("check", "--deploy").stderr).get("upkeep_worker.W003", [])
        assert ("queue 'nightly'" in "".join(lines)) is not heard
