import ast
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command, get_commands, load_command_class

from backend.config import settings as product
from tests.benchmarks.__main__ import BENCHMARKS
from upkeep.operations import registry
from upkeep.operations.command import OperationCommand
from upkeep.operations.terminal.base import TolerantCommand

ROOT = Path(__file__).parents[2]
SHIMS = ROOT / "tasks" / "management" / "commands"
OPERATIONS = [found for found in registry.operations() if found.function.__module__.startswith("tasks.")]
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+(:\w+)?")
NO_PATHS = ("ALLOWED_HOSTS", "ENVIRONMENT_NAMES", "REMOTE_HTTP_HOSTS", "SECRET_KEY", "SILENCED_SYSTEM_CHECKS")
"""Settings in which a text with a point in it may be something else: the name of a host, or of a check."""


def imported(file: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_celery_is_imported_by_the_worker_and_its_configuration_alone() -> None:
    found = {
        str(file.relative_to(ROOT))
        for folder in ("upkeep", "backend", "tasks")
        for file in (ROOT / folder).rglob("*.py")
        if any(name.split(".")[0] in ("celery", "kombu") for name in imported(file))
    }
    assert found
    assert {path for path in found if not path.startswith("upkeep/worker/")} == {"backend/config/celery.py"}


def printing(file: Path) -> Iterator[str]:
    """What in a file prints past the commands' own output: `print`, a stream of the process, rich."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called == "print" or re.fullmatch(r"sys\.(__)?std(out|err)(__)?\.(write|writelines)|os\.write", called):
                yield called
    if any(name.split(".")[0] == "rich" for name in imported(file)):
        yield "rich"


def test_nothing_prints_past_the_one_place_that_escapes() -> None:
    found = {
        (str(file.relative_to(ROOT)), what)
        for folder in ("upkeep", "backend", "tasks")
        for file in (ROOT / folder).rglob("*.py")
        for what in printing(file)
    }
    assert found == {
        ("backend/config/startup.py", "print"),  # a variable of the environment; nothing is loaded yet
        ("upkeep/operations/streams.py", "sys.stderr.write"),  # what the system says
        ("upkeep/operations/terminal/bars.py", "rich"),  # as Text
        ("upkeep/operations/terminal/history.py", "rich"),  # as Text
        ("upkeep/testing/servers/protocol.py", "print"),  # a number
    }


def test_a_process_that_a_test_starts_gets_its_environment_whole() -> None:
    """Of a few variables alone, Python may not find its own library."""
    files = [*(ROOT / "tests").rglob("*.py")]
    calls = [
        (file, node) for file in files for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)
    ]
    given = [(file, word.value) for file, call in calls for word in call.keywords if word.arg == "env"]
    assert given
    bare = [file for file, value in given if isinstance(value, ast.Dict) and None not in value.keys]
    assert bare == [], "say {**os.environ, …}"


@pytest.mark.parametrize("name", ["bars.py", "history.py"])
def test_rich_gets_no_text_that_it_would_take_for_markup(name: str) -> None:
    """Constants, `Text`, and what is declared to be no markup."""
    tree = ast.parse((ROOT / "upkeep" / "operations" / "terminal" / name).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [part for call in calls if re.search(r"\.(print|add_row)$", ast.unparse(call.func)) for part in call.args]
    assert given
    assert all(re.match(r"Text\(plain(_lines)?\(|\*\(Text\(plain\(|found$", ast.unparse(part)) for part in given)
    columns = [call for call in calls if ast.unparse(call.func) == "TextColumn"]
    assert all("markup=False" in ast.unparse(column) for column in columns)


def test_every_command_escapes_what_it_prints() -> None:
    own = {
        name: app for name, app in get_commands().items() if str(app).split(".")[0] in ("upkeep", "backend", "tasks")
    }
    commands = {name: load_command_class(app, name) for name, app in own.items()}
    assert "show_run" in commands
    past = {name for name, command in commands.items() if not isinstance(command, TolerantCommand)}
    assert past <= {"embedded", "migrate"}  # no other's text is in what these print


def texts(value: object, place: str) -> Iterator[tuple[str, str]]:
    """All texts within a setting, each with the place where it stands."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from texts(key, f"{place} key")
            yield from texts(part, f"{place}[{key!r}]")
    elif isinstance(value, list | tuple | set | frozenset):
        for number, part in enumerate(value):
            yield from texts(part, f"{place}[{number}]")


def leads_somewhere(path: str) -> bool:
    """Whether a module has that name, or an attribute of one: `shop.beat:Scheduler` or `shop.beat.Scheduler`."""
    parts = path.replace(":", ".").split(".")
    for end in range(len(parts), 0, -1):
        if module_exists(".".join(parts[:end])):
            found: object = import_module(".".join(parts[:end]))
            for name in parts[end:]:
                found = getattr(found, name, None)
            return found is not None
    return False


def module_exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # what it would be in is no package
        return False


SETTINGS = {name: getattr(product, name) for name in dir(product) if name.isupper()}
PATHS = {
    place: text
    for name, value in SETTINGS.items()
    for place, text in texts(value, name)
    if DOTTED.fullmatch(text) and name not in NO_PATHS
}
"""Every text in the product's settings that looks like a dotted path, by its place."""


def test_dotted_paths_are_found_wherever_in_the_settings_they_stand() -> None:
    assert {*PATHS} >= {
        "UPKEEP['SCHEDULE']",
        "UPKEEP['CELERY_APP']",
        "CELERY_BEAT_SCHEDULER",
        "REMOTE_REDIS_URL",
        "ROOT_URLCONF",
        "WSGI_APPLICATION",
        "MIDDLEWARE[0]",
        "INSTALLED_APPS[0]",
        "CACHES['downloads']['BACKEND']",
        "TEMPLATES[0]['OPTIONS']['context_processors'][0]",
        "AUTH_PASSWORD_VALIDATORS[0]['NAME']",
        "LOGGING['handlers']['console']['class']",
    }


@pytest.mark.parametrize("place", PATHS)
def test_every_dotted_path_in_the_settings_leads_somewhere(place: str) -> None:
    if place == "AUTH_USER_MODEL":
        assert apps.get_model(PATHS[place])
    else:
        assert leads_somewhere(PATHS[place]), f"{place} = {PATHS[place]!r}"


@pytest.mark.parametrize(
    "path", ["backend.nowhere.app", "backend.celery_ap", "upkeep.worker.beat:Scheduller", "no.app"]
)
def test_a_dotted_path_that_leads_nowhere_is_seen(path: str) -> None:
    assert not leads_somewhere(path)


@pytest.mark.django_db
def test_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_operation_lives_in_a_module_of_its_name() -> None:
    assert OPERATIONS
    for operation in OPERATIONS:
        assert operation.function.__module__ == f"tasks.{operation.name}"
        assert operation.function.__name__ == operation.short_name


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_has_its_command_and_its_command_is_that_of_the_operation(operation: object) -> None:
    name = getattr(operation, "short_name", "")
    command = load_command_class(get_commands()[name], name)
    assert isinstance(command, OperationCommand)
    assert command.operation is operation


def test_a_command_of_the_tasks_is_three_lines_and_belongs_to_an_operation() -> None:
    others = {"__init__", "migrate", "show_report"}  # Django's, with a lock; and one that only looks
    shims = sorted(path.stem for path in SHIMS.glob("*.py") if path.stem not in others)
    assert shims == sorted(operation.short_name for operation in OPERATIONS)
    for name in shims:
        lines = [line for line in (SHIMS / f"{name}.py").read_text(encoding="utf-8").splitlines() if line]
        assert len(lines) == 4


def test_every_benchmark_that_has_a_name_is_there() -> None:
    for path in BENCHMARKS.values():
        module, _, function = path.partition(".")
        tree = ast.parse((ROOT / "tests" / "benchmarks" / f"{module}.py").read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, path
