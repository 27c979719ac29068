"""Migrations change columns that the views read, which PostgreSQL refuses: so the views step aside meanwhile."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, transaction
from django.db.models.signals import post_migrate, pre_migrate

from backend.reports.services import definitions, schema
from backend.reports.services.catalogue import Grant

_aside: dict[str, Sequence[Grant]] = {}
"""The views that were dropped, with their grants, until all migrations are done."""


def connect(sender: Any) -> None:
    """Let the views step aside for every `migrate` that has something to do."""
    pre_migrate.connect(_step_aside, sender=sender)
    post_migrate.connect(_come_back, sender=sender)


def _step_aside(*, using: str, plan: Sequence[Any], **_kwargs: Any) -> None:
    """Drop the views on which nobody has built; a migration that a kept one hinders fails, and names it."""
    if using != DEFAULT_DB_ALIAS or not plan:
        return
    with transaction.atomic():
        changes = schema.clearing([view.name for view in definitions.all_views()], cascade=False)
        _aside.update(schema.granted(changes))
        schema.drop(changes)


def _come_back(*, using: str, **_kwargs: Any) -> None:
    if using != DEFAULT_DB_ALIAS or not _aside:
        return
    with suppress(DatabaseError), transaction.atomic():  # of an earlier state of the tables; doctor says that they lack
        schema.bring_back(definitions.all_views(), _aside)
    _aside.clear()
