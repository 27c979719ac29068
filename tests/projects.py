"""Django projects of somebody else, which install the library: written into a folder, run as processes of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.config.environment import ordinary
from tests import warm

ROOT = Path(__file__).parents[1]
FILES = {
    "manage.py": """
import os, sys
from django.core.management import execute_from_command_line
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
execute_from_command_line(sys.argv)
""",
    "shop/__init__.py": "from shop.celery import app as celery_app\n",
    "shop/celery.py": """
import os
from celery import Celery
from upkeep.worker import setup
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
setup(app)
""",
    "shop/settings.py": """
SECRET_KEY = "of a test"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "upkeep.operations", "upkeep.worker", "people", "goods"
]
AUTH_USER_MODEL = "people.Person"
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "nowhere", "HOST": "/nowhere"}}
CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
""",
    "people/__init__.py": "",
    "people/migrations/__init__.py": "",
    "people/models.py": """
from uuid import uuid4
from django.contrib.auth.models import AbstractUser
from django.db import models
class Person(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid4)
""",
    "goods/__init__.py": "",
    "goods/operations.py": """
from upkeep.operations import Params, RunContext, operation

class SyncPrices(Params):
    limit: int | None = None
    \"\"\"At most this many.\"\"\"

@operation("goods.sync_prices")
def sync_prices(params: SyncPrices, run: RunContext) -> None:
    \"\"\"Fetch the prices.\"\"\"
    run.report("fetched")
""",
}
"""With a user model of its own, a Celery app, and one operation."""
MIGRATE = """
import importlib, os, sys
import django
from django.core.management import call_command
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
django.setup()
call_command("makemigrations", *sys.argv[1:], verbosity=0)
importlib.invalidate_caches()
call_command("migrate", verbosity=0)
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A project in a folder."""

    folder: Path

    def write(self, files: Mapping[str, str]) -> None:
        """Add these files, or replace them."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def set(self, **settings: Any) -> None:
        """Add these settings to those of the project."""
        with (self.folder / "shop" / "settings.py").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = {value!r}\n" for name, value in settings.items())

    @property
    def environment(self) -> dict[str, str]:
        """Of the project's processes, which find the library beside it."""
        path = os.pathsep.join([str(self.folder), str(ROOT)])
        return {**ordinary(os.environ), "PYTHONPATH": path, "NO_COLOR": "1"}

    @contextmanager
    def started(self, *words: str, until: str) -> Iterator[None]:
        """Python in the project, from when it writes `until` to stderr; it is stopped by SIGTERM."""
        with warm.Popen(
            [sys.executable, *words], cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr
            try:
                assert any(until in line for line in process.stderr)
                yield
            finally:
                process.terminate()

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the project to its end, whatever that is."""
        return warm.run(words, self.environment, self.folder)

    def migrate(self, *apps: str) -> None:
        """Make the first migrations of these apps, and apply all, as `manage.py` would in two processes."""
        self.write({"migrate.py": MIGRATE})
        done = self.python("migrate.py", *apps)
        assert (done.stdout, done.stderr) == ("", "")

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` to its end."""
        return self.python("manage.py", *words)


def project(folder: Path, files: Mapping[str, str] | None = None, **settings: Any) -> Project:
    """A new project in the folder: the usual one, but for these files and settings."""
    made = Project(folder)
    made.write({**FILES, **(files or {})})
    made.set(**settings)
    return made


def reported(told: str) -> dict[str, list[str]]:
    """What Django's system checks say on stderr, by the id of the check; without the hints."""
    found: dict[str, list[str]] = {}
    for line in told.splitlines():
        if line.startswith("?: ("):
            name, _, text = line.removeprefix("?: (").partition(") ")
            found.setdefault(name, []).append(text)
    return found
