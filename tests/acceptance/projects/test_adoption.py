"""What a project already has, adopted: the code of `docs/adopting-commands.md`, and what cannot be adopted."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from tests.projects import Project, project, reported

PAGE = (Path(__file__).parents[3] / "docs" / "adopting-commands.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE, re.DOTALL)
APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.staticfiles", "upkeep.operations"]
APPS += ["upkeep.worker", "people", "goods"]
FOLDERS = ("management", "management/commands")
COMMANDS = {f"{app}/{folder}/__init__.py": "" for app in ("people", "goods") for folder in FOLDERS}
SET_UP = "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'; django.setup()"
TASKS = """
from celery import shared_task

@shared_task(bind=True)
def count_words(self, text: str, times: int = 1) -> dict[str, object]:
    print(f"counting {text!r}")
    return {"words": times * len(text.split()), "run": self.request.id}

@shared_task
def fail() -> None:
    raise LookupError("no words")

@shared_task(name="goods.count")
def count_by_name() -> None: pass

@shared_task
def unannotated(text): pass

@shared_task
def unexpressible(*words: str, password: str, stream: object, wait: int, on: type): pass
"""
WRONG = """
from upkeep.operations import adopt_command
from upkeep.worker.adoption import adopt_task

adopt_command("collectstati")
adopt_command("flush")
adopt_command("collectstatic", confirm="yes")
adopt_command("makemessages")
adopt_command("Loud-Name")
adopt_command("loaddata", exclude=["--app", "--ap"])
adopt_task("goods.tasks.count_word")
adopt_task("goods.tasks.unannotated")
adopt_task("goods.tasks.unexpressible")
adopt_task("goods.count")
"""


def outcome(made: Project, *words: str) -> dict[str, Any]:
    done = made.manage("run_task", *words, "--sync", "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "stderr": done.stderr.splitlines()}


def person(database: dict[str, Any], name: str, days: int) -> None:
    """Somebody who logged in that long ago."""
    with psycopg.connect(**address(database)) as connection:
        connection.execute(
            "INSERT INTO people_person (id, username, password, last_login, is_superuser, first_name, last_name, email,"
            " is_staff, is_active, date_joined)"
            " VALUES (gen_random_uuid(), %s, '', %s, false, '', '', '', false, true, now())",
            [name, timezone.now() - timedelta(days=days)],
        )


def address(database: dict[str, Any]) -> dict[str, Any]:
    return {name: database[name.upper()] for name in ("host", "port", "user", "password")} | {
        "dbname": database["NAME"]
    }


def active(database: dict[str, Any]) -> list[str]:
    with psycopg.connect(**address(database)) as connection:
        return [row[0] for row in connection.execute("SELECT username FROM people_person WHERE is_active ORDER BY 1")]


def test_the_page_leads_from_an_adopted_command_to_plan_and_commit(tmp_path: Path, database: dict[str, Any]) -> None:
    command, adopted, task, planned = [{name: text} for name, text in BLOCKS]
    made = project(
        tmp_path, {**COMMANDS, **command, **adopted, "goods/tasks.py": TASKS, **task}, DATABASES={"default": database}
    )
    made.migrate("people")
    for name, days in (("ada", 100), ("bob", 400), ("eve", 10)):
        person(database, name, days)
    seen = outcome(made, "deactivate_people", "--days", "90", "--dry-run")
    assert (seen["status"], seen["stderr"], active(database)) == ("succeeded", ["2 accounts"], ["ada", "bob", "eve"])
    assert outcome(made, "deactivate_people")["stderr"] == ["1 accounts"]
    assert active(database) == ["ada", "eve"]
    assert made.manage("deactivate_people", "--days", "1000").stdout == "0 accounts\n"
    counted = outcome(made, "count_words", "--text", "one two", "--times", "2")
    assert (counted["stderr"], counted["result"]) == (
        ["counting 'one two'"], {"exit_code": 0, "result": {"words": 4, "run": counted["run"]}}
    )  # fmt: skip
    made.write(planned)
    (tmp_path / "people/management/commands/deactivate_people.py").unlink()
    assert made.manage("deactivate_people", "--days", "90").stdout.startswith("people.deactivate_people succeeded")
    assert active(database) == ["eve"]
    assert made.manage("runs", "--json").stdout.count("people.deactivate_people") == 3


def test_a_task_that_fails_fails_its_run(tmp_path: Path, database: dict[str, Any]) -> None:
    operations = 'from upkeep.worker.adoption import adopt_task\nadopt_task("goods.tasks.fail")\n'
    made = project(
        tmp_path, {"goods/tasks.py": TASKS, "goods/operations.py": operations}, DATABASES={"default": database}
    )
    made.migrate("people")
    failed = outcome(made, "goods.fail")
    assert failed["error"] == "task goods.tasks.fail failed with exit code 1: LookupError: no words"


def test_what_cannot_be_adopted_is_said_at_start_in_one_line_each(tmp_path: Path) -> None:
    made = project(tmp_path, {"goods/tasks.py": TASKS, "goods/operations.py": WRONG}, INSTALLED_APPS=APPS)
    found = reported(made.manage("check").stderr)
    assert found.keys() == {"upkeep_operations.E012", "upkeep_operations.E016"}
    [named] = found["upkeep_operations.E012"]
    assert named == "Operation 'django.Loud-Name' of goods.operations: this name is invalid."
    unexpressible = "adopt_task('goods.tasks.unexpressible'): its argument"
    assert sorted(found["upkeep_operations.E016"]) == [
        "adopt_command('Loud-Name'): there is no such management command.",
        "adopt_command('collectstati'): there is no such management command.",
        "adopt_command('collectstatic'): its --dry-run is not declared as its dry run.",
        "adopt_command('flush'): it asks before it does something, and a run can ask nobody.",
        "adopt_command('loaddata'): it has no argument '--ap' (did you mean '--app'?).",
        "adopt_command('makemessages'): its --add-location is an argument that parameters cannot express.",
        "adopt_task('goods.count'): Celery knows it as 'goods.count', which would be the operation.",
        "adopt_task('goods.tasks.count_word'): there is no such Celery task (did you mean 'goods.tasks.count_words'?).",
        "adopt_task('goods.tasks.unannotated'): its argument 'text' has no annotation.",
        f"{unexpressible} 'on' is a type, which JSON cannot express.",
        f"{unexpressible} 'password' looks like a secret, and parameters are recorded.",
        f"{unexpressible} 'wait' has a name that is taken at every operation.",
        f"{unexpressible} 'words' cannot be given by name.",
    ]


DJANGO_S = """
from upkeep.operations import adopt_command

for name in ("createsuperuser", "flush", "migrate", "remove_stale_contenttypes"):
    adopt_command(name, name=f"goods.{name}", confirm="yes")
for name in ("dumpdata", "loaddata", "sendtestemail"):
    adopt_command(name, name=f"goods.{name}")
"""


def test_django_s_own_commands_do_as_operations_what_they_do_else(tmp_path: Path, database: dict[str, Any]) -> None:
    backend = "django.core.mail.backends.console.EmailBackend"
    made = project(tmp_path, {"goods/operations.py": DJANGO_S}, DATABASES={"default": database}, EMAIL_BACKEND=backend)
    made.migrate("people")
    assert "No planned migration operations." in outcome(made, "migrate", "--plan", "--no-input")["stderr"][-1]
    ada = ["--username", "ada", "--email", "ada@example.com", "--no-input"]
    assert outcome(made, "createsuperuser", *ada)["stderr"] == ["Superuser created successfully."]
    assert outcome(made, "dumpdata", "people.person", "--output", "people.json")["status"] == "succeeded"
    assert outcome(made, "remove_stale_contenttypes", "--no-input")["status"] == "succeeded"
    assert outcome(made, "sendtestemail", "ada@example.com")["stderr"][-1] == "-" * 79
    assert "Installed 1 object(s) from 1 fixture(s)" in outcome(made, "loaddata", "people.json")["stderr"]
    assert active(database) == ["ada"]
    refused = made.manage("run_task", "flush", "--sync")
    assert (refused.returncode, refused.stderr) == (2, "CommandError: flush destroys data: --no-input confirms it\n")


@pytest.mark.parametrize(
    ("adopted", "path", "name"),
    [("loud", "upkeep.operations", "adopt_command"), ("goods.loud.say", "upkeep.worker.adoption", "adopt_task")],
)
def test_what_is_adopted_is_not_imported_before_it_is_wanted(
    tmp_path: Path, adopted: str, path: str, name: str
) -> None:
    loud = "raise AssertionError('nobody wants this yet')"
    made = project(
        tmp_path,
        {
            **COMMANDS,
            "goods/management/commands/loud.py": loud,
            "goods/loud.py": loud,
            "goods/operations.py": f"from {path} import {name}\n{name}({adopted!r}, name='goods.adopted')\n",
        },
    )
    assert (
        made.python(
            "-c", "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'; django.setup()"
        ).stderr
        == ""
    )
