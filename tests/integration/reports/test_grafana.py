"""The dashboards of Grafana: every query of every panel is run, expanded as Grafana does."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection

from backend.reports.services import definitions
from tests.integration.reports.world import EVENING

GRAFANA = Path(__file__).parents[3] / "ops" / "grafana"
DASHBOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in GRAFANA.glob("dashboards/*.json")}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
INTERVAL = "6h"
VARIABLES = {"organization": "'acme','umbra'", "project": "'shop','site'"}
"""As Grafana writes the values of one that may have several, in a query of PostgreSQL."""
DEPENDENCIES = {
    "assignee": {"contributions"},
    "contribution": {"contributions"},
    "dvd": set(),
    "operation_run": {"operations"},
    "task": {"contributions", "estimates", "work"},
    "unmatched_work": {"work"},
    "work": {"work"},
}
"""Which of our own dashboards a change of a view concerns."""


PANELS = [
    (f"{name}: {panel['title']}", panel) for name, dashboard in DASHBOARDS.items() for panel in dashboard["panels"]
]
QUIET = {"operations: Schedule lag", "operations: Runs that failed", "contributions: Open tasks by assignee"}
"""What there is none of in the data of the tests."""


def expanded(query: str, start: datetime, end: datetime) -> str:
    """The query as Grafana's data source of PostgreSQL sends it."""
    since, until = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (start, end))
    query = query.replace("$__interval", INTERVAL)
    query = re.sub(r"\$__timeFilter\((.+?)\)", rf"\1 BETWEEN '{since}' AND '{until}'", query)
    query = re.sub(r"\$__timeGroup(Alias)?\((.+?),\s*'?(\d+)([smhd])'?\)", _group, query)
    for name, values in VARIABLES.items():
        query = query.replace(f"${name}", values)
    assert "$" not in query, "a macro or a variable that is not known"
    return query


def _group(found: re.Match[str]) -> str:
    seconds = int(found[3]) * SECONDS[found[4]]
    return f"floor(extract(epoch from {found[2]})/{seconds})*{seconds}" + (' AS "time"' if found[1] else "")


def answered(query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    with connection.cursor() as cursor:
        cursor.execute(expanded(query, EVENING - timedelta(days=400), EVENING + timedelta(days=4000)))
        return [column.name for column in cursor.description], list(cursor.fetchall())


def fields(panel: Any) -> set[str]:
    """The fields that a panel's settings name."""
    named = {rule["matcher"]["options"] for rule in panel["fieldConfig"]["overrides"]}
    named |= {rule["displayName"] for rule in panel["options"].get("sortBy", ())}
    named |= {panel["options"]["xField"]} if "xField" in panel["options"] else set()
    for series in panel["options"].get("series", ()):
        named |= {series[axis]["matcher"]["options"] for axis in "xy"}
    named |= set(re.findall(r"\$\{__data\.fields\.(\w+)\}", json.dumps(panel)))
    return named


@pytest.mark.usefixtures("world")
def test_every_panel_shows_what_its_query_brings() -> None:
    assert len(PANELS) >= 4
    for name, panel in PANELS:
        [target] = panel["targets"]
        columns, rows = answered(target["rawSql"])
        assert fields(panel) <= {*columns}, name
        if target["format"] == "time_series":
            assert columns[:2] == ["time", "metric"], name
            assert all(isinstance(value, float | int) for *_, value in rows), name
        assert rows or name in QUIET, name


@pytest.mark.usefixtures("world")
def test_the_choices_of_a_variable_are_found() -> None:
    for dashboard in DASHBOARDS.values():
        for variable in dashboard["templating"]["list"]:
            assert f"'{answered(variable['query'])[1][0][0]}'" in VARIABLES[variable["name"]]


def test_the_dashboards_that_depend_on_each_view_are_known() -> None:
    used = {
        view.name: {name for name, dashboard in DASHBOARDS.items() if f"report.{view.name} " in json.dumps(dashboard)}
        for view in definitions.all_views()
    }
    assert used == DEPENDENCIES


def test_the_dashboards_ask_the_data_source_that_is_provisioned() -> None:
    [source] = yaml.safe_load((GRAFANA / "provisioning/datasources/upkeep.yaml").read_text())["datasources"]
    asked = {
        (part["datasource"]["type"], part["datasource"]["uid"])
        for dashboard in DASHBOARDS.values()
        for part in (*dashboard["panels"], *dashboard["templating"]["list"])
    }
    assert asked == {(source["type"], source["uid"])}
    assert {dashboard["uid"] for dashboard in DASHBOARDS.values()} == {f"upkeep-{name}" for name in DASHBOARDS}
    assert "password" not in json.dumps(source | {"secureJsonData": {}})
