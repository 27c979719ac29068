"""System checks of the views, which ask the database: so only `doctor` and `check --deploy` do it."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Info, register
from django.db import DatabaseError, transaction

from backend.reports.services import catalogue, definitions, promises

TAG = "upkeep"
HINT = "Run `manage.py make_reports`."


@register(TAG, deploy=True)
def check_views(**_kwargs: Any) -> Iterable[CheckMessage]:
    """The views of the database, if they were made, are what is promised; says what others have built on them."""
    try:
        with transaction.atomic():
            return [*_problems()] if catalogue.has_schema() else []
    except DatabaseError:  # it is not there or not migrated, which another check reports
        return []


def _problems() -> Iterator[CheckMessage]:
    columns = [*promises.broken_columns()]
    yield from (Error(f"The reports are not as promised: {line}.", hint=HINT, id="reports.E001") for line in columns)
    if not columns:
        for line in promises.broken_rows():
            hint = "docs/reports.md promises otherwise: please report it."
            yield Error(f"The reports are not as promised: {line}.", hint=hint, id="reports.E002")
    present = catalogue.stored(view.name for view in definitions.all_views())
    names = {each.oid: f"report.{name}" for name, each in present.items()}
    for oid, what in catalogue.dependants(names):
        yield Info(f"Others have built on {names[oid]}: {what}.", id="reports.I001")
