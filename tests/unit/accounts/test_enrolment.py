from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from backend.accounts.kernel import cells
from backend.accounts.kernel.enrolment import DEFAULTS, Account, Enrolment, Entry
from backend.accounts.kernel.rows import Row
from backend.spreadsheets.table import BrokenRow
from tests.unit.accounts.factories import account, enrolment, row
from upkeep.operations.plans import Change

NAMES = st.sampled_from(["", "Ann", "Lee", "Ann Lee"])
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["", "ann@example.com"]),
        "full_name": NAMES,
        "first_name": NAMES,
        "last_name": NAMES,
        "is_active": st.booleans(),
        "is_staff": st.booleans(),
        "is_superuser": st.booleans(),
    },
)
PASSWORDS = st.sampled_from([None, SecretStr("weak"), SecretStr("s3cret")])
FILES = st.lists(
    st.builds(Row, st.just(2), st.sampled_from("abcdef"), VALUES, PASSWORDS), unique_by=lambda r: r.username
)


def planned(*rows: Row | BrokenRow, existing: Iterable[Account] = (), how: Enrolment | None = None) -> list[Change]:
    return list((how or enrolment()).plan(rows, {cells.key(user.username): user for user in existing}))


def applied(plan: Iterable[Change], accounts: Mapping[str, Account]) -> dict[str, Account]:
    """The accounts as they are when the plan is carried out."""
    found = dict(accounts)
    for change in plan:
        if isinstance(change.payload, Entry):
            old = found.get(cells.key(change.key))
            values = {**(old.details if old else {}), **change.payload.values}
            values.pop("username", None)
            found[cells.key(change.key)] = Account(1, change.key, values, has_password=bool(change.payload.password))
    return found


def test_a_new_user_has_the_defaults_of_the_columns_that_are_absent() -> None:
    [change] = planned(row(email="ann@example.com"))
    assert change.action == "created"
    assert change.label == "ann"
    assert change.payload == Entry(None, {**DEFAULTS, "username": "ann", "email": "ann@example.com"}, None)
    assert change.fields == {
        "email": (None, "ann@example.com"),
        "is_active": (None, True),
        "is_staff": (None, False),
        "is_superuser": (None, False),
        "password": (None, "none"),
    }


def test_a_password_is_planned_but_not_told() -> None:
    [change] = planned(row(password="s3cret-pass"))
    assert change.payload.password.get_secret_value() == "s3cret-pass"
    assert change.fields["password"] == (None, "set")
    assert "s3cret-pass" not in repr(change)


def test_an_existing_user_is_left_alone_whatever_the_case_of_the_name() -> None:
    [change] = planned(row(username="ANN", email="new@example.com", password="s3cret"), existing=[account()])
    assert change == Change("unchanged", "ann", "ann")


def test_update_changes_the_columns_of_the_file_alone_and_no_password() -> None:
    [change] = planned(
        row(email="new@example.com", is_staff=False, password="s3cret"),
        existing=[account(7, email="old@example.com", is_superuser=True, first_name="Ann")],
        how=enrolment(update=True),
    )
    assert change.action == "updated"
    assert change.fields == {"email": ("old@example.com", "new@example.com")}
    assert change.payload == Entry(7, {"email": "new@example.com"}, None)


def test_update_with_what_is_already_so_changes_nothing() -> None:
    [change] = planned(
        row(email="a@example.com"), existing=[account(email="a@example.com")], how=enrolment(update=True)
    )
    assert change == Change("unchanged", "ann", "ann")


def test_update_empties_what_the_file_has_empty() -> None:
    [change] = planned(row(email=""), existing=[account(email="a@example.com")], how=enrolment(update=True))
    assert change.fields == {"email": ("a@example.com", "")}


@pytest.mark.parametrize(("has_password", "before"), [(True, "set"), (False, "none")])
def test_reset_passwords_changes_passwords_and_nothing_else(has_password: bool, before: str) -> None:  # noqa: FBT001
    [change] = planned(
        row(email="new@example.com", password="s3cret"),
        existing=[account(7, has_password=has_password)],
        how=enrolment(reset_passwords=True),
    )
    assert change.action == "updated"
    assert change.fields == {"password": (before, "reset")}
    assert change.payload.values == {}
    assert change.payload.password.get_secret_value() == "s3cret"


def test_reset_passwords_leaves_the_password_of_a_row_that_gives_none() -> None:
    [change] = planned(row(), existing=[account()], how=enrolment(reset_passwords=True))
    assert change == Change("unchanged", "ann", "ann")


def test_update_and_reset_passwords_do_both() -> None:
    how = enrolment(update=True, reset_passwords=True)
    [change] = planned(row(is_staff=True, password="s3cret"), existing=[account()], how=how)
    assert change.fields == {"is_staff": (False, True), "password": ("set", "reset")}


def test_a_weak_password_fails_its_row_alone_with_its_line() -> None:
    changes = planned(row(5, password="weak"), row(6, username="bob"))
    assert [change.action for change in changes] == ["failed", "created"]
    assert changes[0] == Change("failed", "line 5", "line 5: too weak.", reason="weak_password")


def test_a_weak_password_that_is_not_set_is_nobodys_business() -> None:
    assert planned(row(password="weak"), existing=[account()], how=enrolment(update=True))[0].action == "unchanged"
    assert (
        planned(row(password="weak"), existing=[account()], how=enrolment(reset_passwords=True))[0].action == "failed"
    )


def test_a_broken_row_is_failed_with_its_line_and_reason() -> None:
    assert planned(BrokenRow(3, "no_name", "nobody")) == [
        Change("failed", "line 3", "line 3: nobody", reason="no_name")
    ]


def test_a_full_name_is_made_of_first_and_last_name_where_the_file_has_none() -> None:
    [change] = planned(row(first_name="Ann", last_name="Lee"))
    assert change.payload.values["full_name"] == "Ann Lee"
    [change] = planned(row(first_name="Ann", last_name="Lee", full_name="Dr. Lee"))
    assert change.payload.values["full_name"] == "Dr. Lee"
    [change] = planned(row(full_name="Dr. Lee"))
    assert (change.payload.values["first_name"], change.payload.values["last_name"]) == ("", "")


def test_a_full_name_follows_its_parts_as_long_as_nobody_wrote_another() -> None:
    derived = account(first_name="Ann", last_name="Lee", full_name="Ann Lee")
    [change] = planned(row(last_name="Ray"), existing=[derived], how=enrolment(update=True))
    assert change.fields == {"last_name": ("Lee", "Ray"), "full_name": ("Ann Lee", "Ann Ray")}
    own = account(first_name="Ann", last_name="Lee", full_name="Dr. Lee")
    [change] = planned(row(last_name="Ray"), existing=[own], how=enrolment(update=True))
    assert change.fields == {"last_name": ("Lee", "Ray")}


@given(rows=FILES, how=st.sampled_from([enrolment(), enrolment(update=True)]))
def test_importing_twice_changes_nothing_the_second_time(rows: list[Row], how: Enrolment) -> None:
    first = planned(*rows, how=how)
    second = how.plan(rows, applied(first, {}))
    expected = {"created": "unchanged", "failed": "failed"}
    assert [change.action for change in second] == [expected[change.action] for change in first]


@given(rows=FILES, old=VALUES)
def test_updating_twice_changes_nothing_the_second_time(rows: list[Row], old: dict[str, str | bool]) -> None:
    existing = {item.username: Account(1, item.username, {**DEFAULTS, **old}, has_password=True) for item in rows}
    how = enrolment(update=True)
    updated = applied(how.plan(rows, existing), existing)
    assert {change.action for change in how.plan(rows, updated)} <= {"unchanged"}
    assert all(updated[item.username].details[name] == value for item in rows for name, value in item.values.items())
