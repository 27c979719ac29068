import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.core.serializers import serialize
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import RequestFactory

from backend.accounts.models import User
from tasks.accounts.make_users import MakeUsers, make_users
from tests.integration.operations.factories import COMMITTED_BY_PEOPLE
from upkeep.operations.models import Run, RunChange, RunFile, RunLog

pytestmark = COMMITTED_BY_PEOPLE
PASSWORD = "correct-horse-42"
FILE = f"""\
username,email,full_name,is_staff,password
ann,ann@example.com,Ann Lee,x,{PASSWORD}
,bob@example.com,Bob Ray,,
"""
BROKEN = f"""\
username,email,is_staff,password
ann,ann@example.com,maybe,{PASSWORD}
bob,nonsense,,{PASSWORD}
cy,,,x7{PASSWORD[:3]}
dan,,,{PASSWORD},more
eve,,,{PASSWORD}
EVE,,,{PASSWORD}
fay,"unclosed,,{PASSWORD}
{PASSWORD} {PASSWORD},,,
guy,,{PASSWORD},
hal
"""
INSERT = """
INSERT INTO accounts_user
    (username, password, email, full_name, first_name, last_name, is_active, is_staff, is_superuser, date_joined)
VALUES (%s, '!', '', '', '', '', true, false, false, now())
"""
AWAITED = """
SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)
"""


@dataclass(frozen=True)
class Import:
    """One call of the command, and what it left behind."""

    run: Run
    code: int
    output: str

    @property
    def counts(self) -> dict[str, int]:
        return {name: count for name, count in self.run.counts.items() if count and name != "processed"}

    @property
    def labels(self) -> list[str]:
        return list(self.run.changes.values_list("label", flat=True))


Importer = Callable[..., Import]


@pytest.fixture
def imported(tmp_path: Path) -> Importer:
    """Calls make_users with a file of that content and the options given."""

    def call(content: str | bytes, **options: Any) -> Import:
        file = tmp_path / "users.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        out, code = StringIO(), 0
        try:
            call_command("make_users", str(file), stdout=out, stderr=out, **options)
        except CommandError as error:
            out.write(str(error))
            code = error.returncode
        return Import(Run.objects.latest("created_at"), code, out.getvalue())

    return call


@contextmanager
def rival(username: str) -> Iterator[None]:
    """Another session that has inserted a user, and commits that as soon as somebody waits for it."""
    other = connection.copy()
    other.inc_thread_sharing()
    other.set_autocommit(False)
    with other.cursor() as cursor, ThreadPoolExecutor() as threads:
        cursor.execute(INSERT, [username])
        committed = threads.submit(_commit_when_awaited, other)
        yield
        committed.result()
    other.close()


def _commit_when_awaited(other: BaseDatabaseWrapper) -> None:
    deadline = monotonic() + 60
    with other.cursor() as cursor:
        cursor.execute(AWAITED)
        while not cursor.fetchone()[0] and monotonic() < deadline:
            cursor.execute(AWAITED)
    other.commit()


def recorded() -> str:
    """Everything that the database holds of runs and of users, as text."""
    models = (Run, RunChange, RunLog, RunFile, User)
    return str(serialize("json", chain.from_iterable(model.objects.all() for model in models)))


def test_it_creates_the_users_of_a_file_and_those_with_a_password_can_sign_in(imported: Importer) -> None:
    first = imported(FILE)
    assert (first.code, first.counts) == (0, {"created": 2})
    ann = authenticate(RequestFactory().get("/"), username="ann", password=PASSWORD)
    assert isinstance(ann, User)
    assert (ann.email, ann.full_name, ann.is_staff, ann.is_active) == ("ann@example.com", "Ann Lee", True, True)
    bob = User.objects.get(username="bob@example.com")
    assert not bob.has_usable_password()


def test_importing_again_changes_nothing_with_or_without_update(imported: Importer) -> None:
    imported(FILE)
    before = list(User.objects.order_by("pk").values())
    assert imported(FILE).counts == {"unchanged": 2}
    assert imported(FILE, update=True).counts == {"unchanged": 2}
    assert list(User.objects.order_by("pk").values()) == before


def test_a_dry_run_tells_the_same_and_writes_no_user(imported: Importer) -> None:
    content = FILE + "ann,,,,\ncy,,,,x7\n"
    dry = imported(content, dry_run=True)
    assert not User.objects.exists()
    real = imported(content)
    assert dry.counts == real.counts == {"created": 2, "failed": 2}
    shown = ("action", "key", "label", "fields", "reason")
    assert list(dry.run.changes.values(*shown)) == list(real.run.changes.order_by("id").values(*shown))


def test_without_options_existing_users_are_left_alone(imported: Importer) -> None:
    User.objects.create_user("ANN", password="another-horse-7")
    assert imported(FILE).counts == {"created": 1, "unchanged": 1}
    assert authenticate(RequestFactory().get("/"), username="ann", password="another-horse-7")
    assert User.objects.get_by_natural_key("ann").full_name == ""


def test_update_changes_existing_users_but_not_their_passwords(imported: Importer) -> None:
    User.objects.create_user("ANN", password="another-horse-7", first_name="Annie")
    found = imported(FILE, update=True)
    assert found.counts == {"created": 1, "updated": 1}
    ann = User.objects.get_by_natural_key("ann")
    assert (ann.username, ann.full_name, ann.first_name, ann.is_staff) == ("ANN", "Ann Lee", "Annie", True)
    assert authenticate(RequestFactory().get("/"), username="ann", password="another-horse-7")
    assert found.run.changes.get(action="updated").fields == {
        "email": ["", "ann@example.com"],
        "full_name": ["", "Ann Lee"],
        "is_staff": [False, True],
    }


def test_reset_passwords_changes_the_passwords_of_existing_users_alone(imported: Importer) -> None:
    User.objects.create_user("ANN", password="another-horse-7")
    found = imported(FILE, reset_passwords=True)
    assert found.counts == {"created": 1, "updated": 1}
    assert found.run.changes.get(action="updated").fields == {"password": ["set", "reset"]}
    assert User.objects.get_by_natural_key("ann").full_name == ""
    assert authenticate(RequestFactory().get("/"), username="ann", password=PASSWORD)
    assert authenticate(RequestFactory().get("/"), username="ann", password="another-horse-7") is None


def test_bad_rows_are_told_with_line_and_reason_and_the_others_go_on(imported: Importer) -> None:
    found = imported(BROKEN)
    assert found.code == 3
    assert found.counts == {"created": 2, "failed": 8}
    assert sorted(User.objects.values_list("username", flat=True)) == ["eve", "hal"]
    assert found.run.reasons["failed"] == {
        "invalid_boolean": 2,
        "invalid_email": 1,
        "weak_password": 1,
        "too_many_cells": 1,
        "duplicate": 1,
        "broken_row": 1,
        "invalid_username": 1,
    }
    assert [label.partition(":")[0] for label in found.labels if label.startswith("line")] == [
        f"line {number}" for number in (2, 3, 4, 5, 7, 8, 9, 10)
    ]
    assert "line 4: This password is too short. It must contain at least 8 characters." in found.labels


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            FILE.encode() + b"caf\xe9,,,,\n",
            "line 4: the file is not UTF-8 text: save it as UTF-8 (in Excel: CSV UTF-8), or name its encoding",
        ),
        (
            FILE.encode() + b"\0",
            "line 4: the file holds a NUL character: remove it, or save it as UTF-8 (in Excel: CSV UTF-8), or name",
        ),
        (b"username,nickname\nann,a\n", "unknown column 'nickname'"),
        (b"username,email,email\nann,a@example.com,\n", "the column 'email' appears more than once"),
        (b"full_name\nAnn Lee\n", "neither a column 'username' nor 'email'"),
        (b"", "the file is empty"),
    ],
)
def test_an_unusable_file_is_an_error_before_any_work(imported: Importer, content: bytes, message: str) -> None:
    found = imported(content)
    assert found.code == 1
    assert found.output.splitlines()[-1].startswith(f"users.csv: {message}")
    assert found.run.status == "failed"
    assert found.run.error.startswith(f"users.csv: {message}")
    assert not User.objects.exists()


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file") as caught:
        call_command("make_users", str(tmp_path / "nowhere.csv"))
    assert caught.value.returncode == 1


def test_a_delimiter_that_is_none_is_wrong_from_the_command_line_alone(imported: Importer) -> None:
    with pytest.raises(CommandError, match="must be one character") as caught:
        call_command("make_users", __file__, "--delimiter", ";;")
    assert caught.value.returncode == 2
    assert imported("username;is_staff\nann;x\n", delimiter=";").counts == {"created": 1}
    assert imported("username\tis_staff\nbob\tx\n", delimiter="tab").counts == {"created": 1}


def test_a_file_as_a_german_spreadsheet_saves_it_is_understood(imported: Importer) -> None:
    text = "sep=;\r\nUser Name;E-Mail;First Name;Last Name;Is Active;Is Staff;;\r\n"
    text += "ann;ann@example.com;Ann\xa0 Mé;Lée;WAHR;1,0;;\r\nbob;;;;;FALSCH;;\r\n;;;;;;;\r\n"
    for encoding, given in (("utf-16", None), ("utf-8-sig", None), ("cp1252", "windows-1252")):
        options = {} if given is None else {"encoding": given}
        assert imported(text.encode(encoding), **options).counts in ({"created": 2}, {"unchanged": 2})
    ann, bob = User.objects.order_by("username")
    assert (ann.full_name, ann.first_name, ann.is_active, ann.is_staff) == ("Ann Mé Lée", "Ann Mé", True, True)
    assert (bob.is_active, bob.is_staff) == (False, False)


def test_an_encoding_that_is_none_is_wrong_from_the_command_line_alone(imported: Importer) -> None:
    for name in ("latin-99", "hex", "unicode_escape", ""):
        with pytest.raises(CommandError, match="must be the name of an encoding, such as utf-8") as caught:
            call_command("make_users", __file__, f"--encoding={name}")
        assert caught.value.returncode == 2
    found = imported(FILE.encode("utf-16"), encoding="utf-8")
    assert "users.csv: line 1: the file is not utf-8 text: name another --encoding" in found.output


@pytest.mark.django_db(transaction=True)  # with all apps
@pytest.mark.parametrize("content", [FILE, BROKEN, f"ann,{PASSWORD}\n", f"{FILE}\xff"])
def test_a_password_appears_nowhere(
    imported: Importer, content: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    User.objects.create_user("bob@example.com", password="another-horse-7")
    connection.force_debug_cursor = True
    how: list[dict[str, Any]] = [
        {"dry_run": True},
        {"verbosity": 3},
        {"json": True, "update": True, "reset_passwords": True},
    ]
    with caplog.at_level(logging.DEBUG):
        output = [imported(content.encode("latin-1"), **options).output for options in how]
    connection.force_debug_cursor = False
    seen = "\n".join([*output, *capfd.readouterr(), caplog.text, recorded(), str(connection.queries_log)])
    assert "accounts.make_users" in seen
    assert PASSWORD not in seen
    assert "unclosed" not in seen


def test_a_name_that_another_session_takes_at_the_same_moment_fails_its_row_alone(imported: Importer) -> None:
    with rival("BOB"):
        found = imported("username\nann\nbob\ncy\n")
    assert found.counts == {"created": 2, "failed": 1}
    assert found.run.reasons["failed"] == {"unique_violation": 1}
    assert sorted(User.objects.values_list("username", flat=True)) == ["BOB", "ann", "cy"]


def test_two_runs_that_write_users_never_run_at_once() -> None:
    params = MakeUsers.model_validate({"file": {"name": "users.csv", "sha256": "0" * 64}})
    assert make_users.exclusive_key(params) == "accounts"
