#!/bin/sh
# Django 5.2.19: an index on Lower(Collate("code", "C")) passes makemigrations, `makemigrations --check` and `check`, and
# fails in `migrate` alone: "OrderBy, Collate must be topmost expressions in an indexed expression."
#
# lower(code COLLATE "C") is what an index wants whose folding no locale may change, and as a *query* the same expression
# works. Django moves Collate and OrderBy out of their place when it makes the statement of an index, and looks only then
# whether they were outermost; Collate(Lower("code"), "C"), which it takes, means another thing: it folds by the database's
# locale, and only compares by "C". The documentation of `Index.expressions` names no such restriction. A Func with a
# template of its own, of which Django does not know that it collates, does it.
#
# Seen on 2026-11-27, Python 3.11, SQLite:
#   makemigrations: Create model Task, check: 0
#   as a query: [('#12',)]
#   Lower(Collate("code", "BINARY")): ValueError: OrderBy, Collate must be topmost expressions in an indexed expression.
#   Func(template='lower(%(expressions)s COLLATE BINARY)'): CREATE INDEX "folded" ON "app_task" ((lower("code" COLLATE BINARY)))
set -eu
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
"${PYTHON:-python3}" -m venv "$home/venv"
"$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check django==5.2.19
mkdir -p "$home/app"
touch "$home/app/__init__.py"
cat > "$home/app/models.py" <<'PYTHON'
from django.db import models
from django.db.models.functions import Collate, Lower


class Task(models.Model):
    code = models.TextField()

    class Meta:
        indexes = [models.Index(Lower(Collate("code", "BINARY")), name="nested")]
PYTHON
cat > "$home/try.py" <<'PYTHON'
import sys
from io import StringIO

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["app"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
from app.models import Task
from django.core.management import call_command
from django.db import connection, models
from django.db.models.functions import Collate, Lower

told = StringIO()
call_command("makemigrations", "app", stdout=told)
call_command("makemigrations", "--check", stdout=StringIO())
call_command("check", stdout=StringIO(), stderr=StringIO())
made = "Create model Task" if "Create model Task" in told.getvalue() else told.getvalue()
seen = [f"makemigrations: {made}, check: 0"]

index = Task._meta.indexes[0]
Task._meta.indexes = []
with connection.schema_editor() as editor:
    editor.create_model(Task)
Task.objects.create(code="#12")
found = Task.objects.alias(folded=Lower(Collate("code", "BINARY"))).filter(folded="#12").values_list("code")
seen.append(f"as a query: {list(found)}")
try:
    with connection.schema_editor() as editor:
        editor.add_index(Task, index)
    seen.append('Lower(Collate("code", "BINARY")): fine')
except ValueError as error:
    seen.append(f'Lower(Collate("code", "BINARY")): ValueError: {error}')


class Folded(models.Func):
    template = "lower(%(expressions)s COLLATE BINARY)"
    output_field = models.TextField()


with connection.schema_editor(collect_sql=True) as editor:
    editor.add_index(Task, models.Index(Folded("code"), name="folded"))
statement = next(line for line in editor.collected_sql if "CREATE INDEX" in line).rstrip(";")
seen.append(f"Func(template='{Folded.template}'): {statement}")
print("\n".join(seen))
expected = [
    "makemigrations: Create model Task, check: 0",
    "as a query: [('#12',)]",
    'Lower(Collate("code", "BINARY")): ValueError: '
    "OrderBy, Collate must be topmost expressions in an indexed expression.",
    "Func(template='lower(%(expressions)s COLLATE BINARY)'): "
    'CREATE INDEX "folded" ON "app_task" ((lower("code" COLLATE BINARY)))',
]
sys.exit(seen != expected)
PYTHON
cd "$home" && venv/bin/python try.py
