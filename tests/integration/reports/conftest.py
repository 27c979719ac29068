from typing import Any

import pytest
from django.db import connection

from tasks.reports.make_reports import MakeReports, make_reports
from tests.integration.reports.world import World
from upkeep import testing


@pytest.fixture(autouse=True)
def _no_reports(db: None) -> None:  # noqa: ARG001 - the database
    """No views that another test has committed."""
    execute("DROP SCHEMA IF EXISTS report CASCADE")


@pytest.fixture
def world() -> World:
    """The views, and what there is to see in them."""
    testing.run(make_reports, MakeReports())
    return World()


def rows(query: str, *params: Any) -> list[tuple[Any, ...]]:
    """What a query gives to Upkeep's own user."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return list(cursor.fetchall())


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
