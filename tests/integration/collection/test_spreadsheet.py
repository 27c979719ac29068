"""`import_dvds` and `export_dvds`, with the database and real files."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from backend.collection.models import DVD
from tasks.collection.export_dvds import ExportDvds, export_dvds
from tasks.collection.import_dvds import ImportDvds, import_dvds
from tests.integration.collection.commands import Ended, ran
from tests.integration.collection.factories import dvd
from upkeep import testing
from upkeep.operations import InputFile, OutputFile, submission
from upkeep.operations.errors import InvalidParamsError

pytestmark = pytest.mark.django_db
TEXT = """title;year;tmdb id;status;storage box;box set
Heat;1995;949;kept;Box 1;
Amélie;2001;;;;
Alien;1979;348;;;Alien Quadrilogy
Alien;1979;348;;;
Nothing;last;;;;
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file as a spreadsheet saves it."""
    path = tmp_path / "dvds.csv"
    path.write_text("sep=;\n" + TEXT, encoding="utf-16")
    return path


def state() -> list[dict[str, Any]]:
    """All DVDs, but for their ids and times."""
    absent = ("id", "created_at", "updated_at")
    rows = DVD.objects.order_by("name", "copy_number").values()
    return [{name: value for name, value in row.items() if name not in absent} for row in rows]


def imported(path: Path, *options: str) -> Ended:
    return ran("import_dvds", str(path), *options)


def exported(*options: str) -> str:
    out = StringIO()
    call_command("export_dvds", *options, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_a_file_is_imported_and_what_is_wrong_or_twice_in_it_is_told(path: Path) -> None:
    ended = imported(path)
    assert ended.exit_code == 3
    assert ended.counts == {"processed": 5, "created": 3, "skipped": 1, "failed": 1}
    assert ended.reasons == {"duplicate": 1, "invalid": 1}
    assert [*DVD.objects.values_list("name", "release_year", "tmdb_id", "storage_box", "box_set_name")] == [
        ("Alien", 1979, 348, "", "Alien Quadrilogy"),
        ("Amélie", 2001, None, "", ""),
        ("Heat", 1995, 949, "Box 1", ""),
    ]
    again = imported(path)
    assert again.counts == {"processed": 5, "unchanged": 3, "skipped": 1, "failed": 1}


def test_what_exists_is_overwritten_only_when_told_so(path: Path) -> None:
    heat = dvd(name="Heat", tmdb_id=949, storage_box="Box 9", overview="Cops.", imdb_id="tt0113277")
    assert imported(path).counts["skipped"] == 2
    heat.refresh_from_db()
    assert heat.storage_box == "Box 9"
    before = heat.updated_at
    assert imported(path, "--update").counts["updated"] == 1
    heat.refresh_from_db()
    assert (heat.storage_box, heat.release_year, heat.overview, heat.imdb_id) == ("Box 1", 1995, "Cops.", "tt0113277")
    assert heat.updated_at > before


def test_a_dvd_whose_id_the_file_corrects_is_looked_up_again(tmp_path: Path) -> None:
    asked = {"details_asked_at": timezone.now(), "availability_tried_at": timezone.now()}
    heat = dvd(name="Heat", tmdb_id=948, imdb_id="", **asked)
    path = tmp_path / "dvds.csv"
    path.write_text(f"id,title,tmdb_id\n{heat.pk},Heat,949\n", encoding="utf-8")
    assert imported(path, "--update").counts == {"processed": 1, "updated": 1}
    heat.refresh_from_db()
    assert (heat.tmdb_id, heat.details_asked_at) == (949, None)
    assert heat.availability_tried_at == asked["availability_tried_at"]


def test_a_location_that_is_taken_fails_that_dvd_alone(tmp_path: Path) -> None:
    dvd(name="Heat", status="unboxed", location="7")
    path = tmp_path / "dvds.csv"
    path.write_text("title,status,location\nAlien,unboxed,7\nAliens,unboxed,8\n", encoding="utf-8")
    assert imported(path).counts == {"processed": 2, "created": 1, "failed": 1}
    assert [*DVD.objects.values_list("name", flat=True)] == ["Aliens", "Heat"]


@pytest.mark.parametrize("options", [(), ("--update",)])
def test_an_import_keeps_what_every_operation_promises(path: Path, options: tuple[str, ...]) -> None:
    dvd(name="Heat", tmdb_id=949, storage_box="Box 9")
    params = ImportDvds(file=InputFile.at(str(path)), update=bool(options))
    testing.assert_dry_run_matches(import_dvds, params, state=state)
    testing.assert_idempotent(import_dvds, params, state=state)
    testing.assert_resumable(import_dvds, params, state=state)


@pytest.mark.parametrize("delimiter", [",", ";", "tab"])
def test_an_exported_collection_changes_nothing_and_makes_the_same_one_elsewhere(
    tmp_path: Path, delimiter: str
) -> None:
    call_command("load_sample_data", count=40, verbosity=0)
    dvd(name="=1+1", tmdb_id=None, storage_box='a "b", c; d', location="-5")
    dvd(name="Amélie 日本", tmdb_id=None, status="unboxed", location="1", is_box_set=True, box_set_name="@home")
    path, before = tmp_path / "out.csv", state()
    assert exported("--output", str(path), "--delimiter", delimiter) == ""
    ended = imported(path, "--update", "--delimiter", delimiter)
    assert ended.counts == {"processed": 42, "unchanged": 42}
    assert state() == before
    DVD.objects.all().delete()
    assert imported(path, "--delimiter", delimiter).counts == {"processed": 42, "created": 42}
    columns = ("name", "tmdb_id", "status", "storage_box", "location", "is_box_set", "box_set_name")
    assert [tuple(row[name] for name in columns) for row in state()] == [
        tuple(row[name] for name in columns) for row in before
    ]


def test_an_export_without_a_file_is_all_of_stdout(tmp_path: Path) -> None:
    heat = dvd(name="Heat", tmdb_id=949, release_year=1995)
    assert exported() == (
        "id,title,year,tmdb_id,imdb_id,status,media_type,disk_type,storage_box,location,is_box_set,box_set,copy_number\n"
        f"{heat.pk},Heat,1995,949,,kept,physical,DVD,,,no,,1\n"
    )
    path = tmp_path / "out.csv"
    exported("--output", str(path))
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,title,"), "or Excel reads no umlauts"
    testing.assert_resumable(export_dvds, ExportDvds(output=OutputFile.at(str(path))), state=path.read_bytes)


def test_too_many_dvds_for_stdout_are_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.collection.export_dvds.MAX_PRINTED", 1)
    dvd()
    exported()
    dvd()
    with pytest.raises(CommandError, match="more than 1 DVDs are not printed: write a file with --output"):
        exported()


def test_a_file_is_written_in_the_foreground_alone(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "out.csv"
    with pytest.raises(CommandError, match=f"{path}: No such file or directory"):
        exported("--output", str(path))
    params = ExportDvds(output=OutputFile.at(str(tmp_path / "out.csv")))
    with pytest.raises(InvalidParamsError, match="output: a file is written in the foreground only"):
        submission.enqueue(export_dvds, params)
    with pytest.raises(InvalidParamsError, match="output"):
        ExportDvds.parse({"output": str(path)})
