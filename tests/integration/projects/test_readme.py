"""The README's own steps, in a project that Django just made: what a newcomer copies works."""

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

from django.core.management import call_command

from tests.projects import ROOT, Project

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n *# (\S+\.py)\n(.*?)```", README, re.DOTALL)
MAKE = (
    "from datetime import timedelta; from django.contrib.auth.models import User;"
    "from django.utils.timezone import now;"
    "[User.objects.create(username=f'user{n}', last_login=now() - timedelta(days=200 * n)) for n in range(4)]"
)


def test_the_steps_of_the_readme_work_in_a_new_project(tmp_path: Path, database: dict[str, Any]) -> None:
    call_command("startproject", "shop", tmp_path)
    made, files = Project(tmp_path), {name: dedent(text) for name, text in BLOCKS}
    assert list(files) == ["shop/settings.py", "shop/celery.py", "shop/__init__.py", "accounts/operations.py"]
    settings = (tmp_path / "shop" / "settings.py").read_text(encoding="utf-8")
    made.write({**files, "accounts/__init__.py": "", "shop/settings.py": settings + files["shop/settings.py"]})
    made.set(DATABASES={"default": database})
    with (tmp_path / "shop" / "settings.py").open("a") as file:
        file.write('INSTALLED_APPS += ["accounts"]\n')
    assert made.manage("migrate", "--verbosity", "0").stderr == ""
    assert made.manage("shell", "--verbosity", "0", "--command", MAKE).stderr == ""
    shown = made.manage("deactivate_users", "--dry-run", "--verbose").stdout
    assert "updated user2: is_active: True → False" in shown
    assert "2 processed: 2 updated" in made.manage("deactivate_users").stdout
    assert "0 processed" in made.manage("deactivate_users", "--days", "300").stdout
    assert made.manage("runs").stdout.count("deactivate_users") == 3
