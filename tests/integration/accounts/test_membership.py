"""make_users --organization."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError

from backend.accounts.models import User
from backend.tracking.models import ExternalUser, OrganizationProfile
from backend.tracking.services import membership
from tests.integration.collection.commands import Ended, ran
from tests.integration.tracking.factories import organization, project, tracker
from upkeep.operations.plans import Change

pytestmark = pytest.mark.django_db(
    transaction=True, available_apps=["upkeep.operations", "backend.accounts", "backend.tracking", "tasks"]
)
FILE = "username,email,full_name\nann,ann@example.com,Ann Lee\nbob,bob@example.com,Bob Ray\ncy,nonsense,\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    path.write_text(FILE, encoding="utf-8")
    return path


def made(file: Path, *options: str) -> Ended:
    return ran("make_users", str(file), "--organization", "acme", *options)


def members() -> set[str]:
    return set(OrganizationProfile.objects.values_list("user__username", flat=True))


def fields(ended: Ended) -> dict[str, Any]:
    return {change.key: change.fields.get("organization") for change in ended.run.changes.all()}


def test_new_users_become_members_and_a_failed_row_does_not(file: Path) -> None:
    organization("acme")
    ended = made(file)
    assert (ended.exit_code, ended.counts) == (3, {"processed": 3, "created": 2, "failed": 1})
    assert members() == {"ann", "bob"}
    assert fields(ended) == {"ann": [None, "acme"], "bob": [None, "acme"], "line 4": None}


def test_an_existing_user_who_becomes_a_member_is_updated_and_nothing_else_of_theirs_changes(file: Path) -> None:
    organization("acme")
    User.objects.create_user("ANN", password="correct-horse-42")
    before = User.objects.values().get()
    ended = made(file)
    assert ended.counts == {"processed": 3, "created": 1, "updated": 1, "failed": 1}
    assert ended.run.changes.get(action="updated").fields == {"organization": [None, "acme"]}
    assert members() == {"ANN", "bob"}
    assert User.objects.values().get(username="ANN") == before


def test_who_is_a_member_already_is_unchanged(file: Path) -> None:
    organization("acme")
    made(file)
    assert made(file).counts == {"processed": 3, "unchanged": 2, "failed": 1}
    User.objects.filter(username="ann").update(full_name="Ann")
    ended = made(file, "--update")
    assert ended.counts == {"processed": 3, "updated": 1, "unchanged": 1, "failed": 1}
    assert fields(ended) == {"ann": None, "line 4": None}


def test_a_dry_run_tells_the_same_and_makes_nobody_a_member(file: Path) -> None:
    organization("acme")
    User.objects.create_user("ann")
    dry = made(file, "--dry-run")
    assert members() == set()
    assert dry.counts == made(file).counts


def test_an_unknown_organization_is_an_error_before_any_work(file: Path) -> None:
    organization("acne")
    ended = made(file)
    assert (ended.exit_code, ended.error) == (1, "there is no organization 'acme': did you mean 'acne'?")
    assert not User.objects.exists()


def test_a_user_whose_membership_cannot_be_written_is_not_created_either(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization("acme")
    original = membership.write

    def write(owner: Any, changes: Sequence[Change]) -> None:
        original(owner, changes)
        if any(change.key == "bob" for change in changes):
            raise IntegrityError

    monkeypatch.setattr(membership, "write", write)
    ended = made(file)
    assert ended.counts == {"processed": 3, "created": 1, "failed": 2}
    assert set(User.objects.values_list("username", flat=True)) == members() == {"ann"}


def test_external_users_of_the_organization_are_found_by_the_name_and_the_address_of_new_members(file: Path) -> None:
    hours = tracker(project(organization("acme")), "hours")
    for name, email in (("Ann Lee", ""), ("", "BOB@example.com"), ("Somebody", "")):
        ExternalUser.objects.create(tracker=hours, username=f"{name}{email}", name=name, email=email)
    ended = made(file)
    found = ExternalUser.objects.order_by("username").values_list("user__username", flat=True)
    assert list(found) == ["ann", "bob", None]
    assert ended.report == ["2 people of its trackers are now other users"]
