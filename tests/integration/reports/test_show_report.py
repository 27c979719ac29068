"""What `show_report` prints, writes and draws, and what it refuses."""

import csv
import json
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from backend.reports.kernel.selection import Unit
from backend.reports.services import formats, plots, queries
from backend.tracking.models import Organization
from tests.integration.reports.conftest import execute
from tests.integration.reports.world import World

pytestmark = pytest.mark.usefixtures("world")


def shown(*arguments: str) -> str:
    call_command("show_report", *arguments, stdout=(out := StringIO()), stderr=StringIO())
    return out.getvalue()


def records(*arguments: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(shown(*arguments, "--format=csv"))))


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        shown(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", queries.REPORTS)
def test_every_report_is_the_same_in_every_format(name: str, tmp_path: Path) -> None:
    found = records(name)
    assert found
    assert len(json.loads(shown(name, "--format=json"))) == len(found)
    assert len(shown(name).splitlines()) == len(found) + 2
    shown(name, f"--output={tmp_path / 'report.xlsx'}", f"--plot={tmp_path / 'report.svg'}")
    with ZipFile(tmp_path / "report.xlsx") as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own
    assert len(sheet.findall(".//{*}row")) == len(found) + 1
    assert b"<svg" in (tmp_path / "report.svg").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"report.xlsx", "report.svg"}


def test_hours_are_those_of_a_member_and_a_month_in_the_organizations_zone() -> None:
    found = [(row["period"], row["organization"], row["member"], row["hours"]) for row in records("work")]
    assert found == [
        ("2026-03-01", "umbra", "(unknown)", "3.00"),
        ("2026-04-01", "acme", "(unknown)", "0.14"),
        ("2026-04-01", "acme", "ann", "1.50"),
        ("2026-04-01", "acme", "ext (no user)", "0.33"),
    ]


@pytest.mark.parametrize(
    ("arguments", "organizations"),
    [
        (("--from=2026-04-01",), {"acme"}),
        (("--until=2026-03-31",), {"umbra"}),
        (("--from=2026-03-31", "--until=2026-04-01"), {"acme", "umbra"}),
        (("--organization=umbra",), {"umbra"}),
        (("--organization=umbra", "--from=2026-04-01"), set()),
    ],
)
def test_days_are_those_of_each_organizations_zone(arguments: tuple[str, ...], organizations: set[str]) -> None:
    assert {row["organization"] for row in records("work", *arguments)} == organizations


def test_a_day_on_which_clocks_are_changed_has_its_23_hours(world: World) -> None:
    moments = {
        hour: datetime(2026, 3, 28 + day, utc, 30, tzinfo=UTC)
        for hour, day, utc in ((0, 0, 23), (1, 1, 0), (24, 1, 22))
    }
    for hour, moment in moments.items():
        world.acme.entry("summer", hours=hour, task=world.task, started_at=moment)
    [found] = records("work", "--from=2026-03-29", "--until=2026-03-29", "--by=day")
    assert (found["period"], found["hours"]) == ("2026-03-29", "1.00")
    Organization.objects.filter(code="acme").update(time_zone="UTC")
    assert [row["hours"] for row in records("work", "--from=2026-03-29", "--until=2026-03-29", "--by=day")] == ["25.00"]


@pytest.mark.parametrize("title", ["=1+1", "  @SUM(A1)", "-2", "'=1"])
def test_a_title_that_a_spreadsheet_would_compute_is_guarded(world: World, title: str, tmp_path: Path) -> None:
    world.task.title = title
    world.task.save()
    assert {row["title"] for row in records("estimates")} == {f"'{title}"}
    shown("estimates", f"--output={tmp_path / 'report.xlsx'}")
    with ZipFile(tmp_path / "report.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert title.strip().replace("'", "&apos;") in sheet.replace("'", "&apos;")


def test_a_table_fits_the_terminal_and_shows_no_control_characters() -> None:
    rows = [("Jürgen \x1b[31m", "x" * 200, 3), ("漢字", "y", 12)]
    text = formats.table_text(
        ["member", "title", "hours"], rows, width=60, plain=lambda text: text.replace("\x1b", "?")
    )
    assert max(map(len, text.splitlines())) <= 60
    assert text.splitlines()[2].endswith("…      3")
    assert "\x1b" not in text


def test_a_picture_of_40_members_names_each_of_them(tmp_path: Path) -> None:
    members = [f"Jürgen_{number} Größe" for number in range(38)] + ["_low", "$x$"]
    rows = [{"period": date(2026, month, 1), "member": name, "hours": month} for month in (1, 2) for name in members]
    plots.draw("work", rows, Unit.MONTH, tmp_path / "draft", "svg")
    text = (tmp_path / "draft").read_text(encoding="utf-8")
    assert all(name in text for name in members)


@pytest.mark.parametrize(
    ("unit", "last", "shown"),
    [(Unit.MONTH, date(2026, 4, 1), "Feb 2026"), (Unit.DAY, date(2026, 1, 3), "2026-01-02")],
)
def test_a_picture_has_room_for_periods_of_nothing(unit: Unit, last: date, shown: str, tmp_path: Path) -> None:
    rows = [{"period": period, "member": "ann", "hours": 1} for period in (date(2026, 1, 1), last)]
    plots.draw("work", rows, unit, tmp_path / "draft", "svg")
    assert shown in (tmp_path / "draft").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("wrok",), "there is no report 'wrok': did you mean 'work'?"),
        (("work", "--organization=acne"), "did you mean 'acme'?"),
        (("work", "--from=2026-04-01", "--until=2026-03-01"), "--until 2026-03-01 is before --from 2026-04-01"),
        (("work", "--from=yesterday"), "'yesterday' is not a date: write 2026-01-31"),
        (("work", "--from=0001-01-01"), "--from 0001-01-01 is not in the years 1900 to 2999"),
        (("work", "--until=9999-12-31"), "--until 9999-12-31 is not in the years 1900 to 2999"),
        (("work", "--by=year"), "'year' is not one of month, week, day"),
        (("work", "--output=report.pdf"), "report.pdf: say with --format what it is to be: table, csv, json, xlsx"),
        (("estimates", "--by=month"), "--by is for work, unmatched and operations"),
        (("operations", "--organization=acme"), "runs are of no organization"),
        (("work", "--format=xlsx"), "name it with --output FILE.xlsx"),
        (("work", "--plot=picture.bmp"), "a chart must be a .png or .svg"),
        (("work", "--output=/nowhere/report.csv"), "/nowhere/report.csv: No such file or directory"),
        (("work", "--output=/dev/null"), "/dev/null is there, and is not a file"),
        (("work", f"--output={__file__}", "--format=csv"), "is there: --force replaces it"),
    ],
)
def test_what_cannot_be_shown_is_one_line(arguments: tuple[str, ...], line: str) -> None:
    assert line in refusal(*arguments)


def test_before_the_reports_are_made_their_command_is_named(tmp_path: Path) -> None:
    output = f"--output={tmp_path / 'x.csv'}"
    execute("DROP VIEW report.work")
    line = "the reports are not up to date, there is no view report.work: run make_reports"
    assert refusal("work", output) == line
    execute("DROP SCHEMA report CASCADE")
    assert refusal("work", output) == "the reports are not made yet: run make_reports"
    assert not [*tmp_path.iterdir()]


def test_a_file_is_replaced_when_that_is_forced(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("before")
    assert "--force" in refusal("work", f"--output={path}")
    shown("work", f"--output={path}", "--force")
    assert path.read_text().startswith("period,organization,member,hours\n")
