"""The code of `docs/writing-operations.md`, as a project that follows it."""

import json
import re
from pathlib import Path
from typing import Any

from tests.projects import project
from upkeep.testing.servers.catalogue import Received, Reply
from upkeep.testing.servers.threads import serving

PAGE = (Path(__file__).parents[3] / "docs" / "writing-operations.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))
MORE = re.findall(r"```python\n# goods/operations.py, further down\n(.*?)```", PAGE, re.DOTALL)
APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_celery_beat",
    "upkeep.operations",
    "upkeep.worker",
]
SHOW = (
    "from django_celery_beat.models import PeriodicTask; entry = PeriodicTask.objects.get(name='prices at night');"
    "print(entry.crontab.minute, entry.crontab.hour, entry.kwargs)"
)
MAKE = "from goods.models import Article; [Article.objects.create(number=n, price=10) for n in ('A-1', 'A-2', 'Z-9')]"


class Supplier:
    """Has a price for every article but Z-9."""

    def key(self, _request: Received) -> str:
        return "prices"

    def reply(self, request: Received) -> Reply:
        return Reply.of({number: 12.5 for number in request.query["numbers"].split(",") if number != "Z-9"})

    def error(self, status: int) -> Reply:
        return Reply.of({}, status)


def test_the_page_s_operation_does_what_it_says_and_its_tests_pass(tmp_path: Path, database: dict[str, Any]) -> None:
    operations = "\n".join([FILES["goods/operations.py"], *MORE])
    with serving(Supplier()) as supplier:
        made = project(
            tmp_path,
            {**FILES, "goods/operations.py": operations},
            DATABASES={"default": database},
            SUPPLIER=supplier.url,
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            INSTALLED_APPS=[*APPS, "people", "goods"],
            UPKEEP={"SCHEDULE": "goods.schedule.SCHEDULE"},
        )
        made.migrate("people", "goods")
        assert made.manage("shell", "--command", MAKE, "--verbosity", "0").stderr == ""
        assert made.manage("shell", "--verbosity", "0", "--command", SHOW).stdout == '30 3 {"limit": 1000}\n'
        shown = made.manage("update_prices", "--dry-run", "--verbose").stdout
        assert "updated A-1: price: '10.00' → '12.5'" in shown
        assert "3 processed: 2 updated, 1 skipped" in shown
        done = json.loads(made.manage("update_prices", "--json").stdout)
        assert (done["counts"]["updated"], done["reasons"]) == (2, {"not_found": 1})
        again = made.manage("update_all")
        assert "  0 prices" in again.stdout, again.stderr
    tested = made.manage("test", "--verbosity", "0")
    assert "OK" in tested.stderr, tested.stderr
    assert "Ran 5 tests" in tested.stderr
