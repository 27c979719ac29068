from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models import Count

from backend.tracking.kernel.demo.work import Work
from backend.tracking.models import (
    EntryMatch,
    ExternalUser,
    Organization,
    OrganizationProfile,
    Project,
    Task,
    TaskAssignee,
    Tracker,
    UserMapping,
    WorkEntry,
    WorkMatch,
)
from backend.tracking.services import demo
from tasks.tracking.make_demo_organization import MakeDemoOrganization, make_demo_organization
from tests.integration.collection.commands import Ended, ran
from tests.integration.tracking.factories import organization
from upkeep.operations import runner, submission
from upkeep.operations.errors import HandOver
from upkeep.operations.leases import claims

pytestmark = pytest.mark.django_db(
    transaction=True, available_apps=["upkeep.operations", "backend.accounts", "backend.tracking", "tasks"]
)
MODELS = (
    Organization, OrganizationProfile, UserMapping, Project, Tracker, ExternalUser, Task, TaskAssignee, WorkMatch,
    WorkEntry,
)  # fmt: skip
SMALL = ("--tasks", "12", "--work-entries", "100")


def made(*options: str) -> Ended:
    return ran("make_demo_organization", *options)


def everything() -> list[dict[str, Any]]:
    """All rows of the domain, but for the ids of users, which the database chooses."""
    ours = ("user", "user_id", "owner_id")
    rows = (row for model in MODELS for row in model._default_manager.order_by("pk").values())
    return [{name: value for name, value in row.items() if name not in ours} for row in rows]


def test_a_demo_has_projects_tasks_work_rules_and_members() -> None:
    ended = made()
    assert (ended.exit_code, ended.counts) == (0, {"processed": 1_079, "created": 1_079})
    assert (Project.objects.count(), Task.objects.count(), WorkEntry.objects.count()) == (2, 60, 1_000)
    assert not Tracker.objects.exclude(api_kind="").exists()
    assert not EntryMatch.objects.exists()
    assert set(Task.objects.filter(external_id="").values_list("code", flat=True)) == {"various", "pm"}
    assert Task.objects.filter(code="#1").count() == 2
    assert TaskAssignee.objects.count() > 20
    assert ended.report == ["`match_project demo` matches its work with its tasks"]
    assert ended.outcome["result"] == {"organization": "demo"}


def test_its_members_cannot_sign_in_and_its_external_users_are_found_but_for_the_freelancers() -> None:
    made()
    users = list(get_user_model().objects.all())
    assert len(users) == OrganizationProfile.objects.count() == 5
    assert all(user.username.startswith("demo-") and not user.has_usable_password() for user in users)
    nobody = ExternalUser.objects.filter(user=None)
    assert {external.username for external in nobody} == {"ext-5"}
    assert ExternalUser.objects.exclude(user=None).count() == 20
    assert WorkEntry.objects.filter(external_user__in=nobody).exists()


def test_again_changes_nothing() -> None:
    made(*SMALL)
    before = everything()
    ended = made(*SMALL)
    assert ended.counts["unchanged"] == ended.counts["processed"]
    assert everything() == before


def test_the_same_options_give_the_same_rows_and_keys_also_later() -> None:
    made(*SMALL)
    before = everything()
    ran("remove_organization", "demo", "--no-input")
    assert not any(model._default_manager.exists() for model in MODELS)
    made(*SMALL)
    assert everything() == before


def test_what_somebody_removed_from_a_demo_comes_back() -> None:
    made(*SMALL)
    before = everything()
    Project.objects.all()[0].delete()
    OrganizationProfile.objects.all()[0].delete()
    assert 1 < made(*SMALL).counts["created"] < len(before)
    assert everything() == before


@pytest.mark.parametrize("options", [("--seed", "2"), ("--tasks", "13")])
def test_other_options_for_the_same_code_are_an_error(options: tuple[str, str]) -> None:
    made(*SMALL)
    before = everything()
    ended = made(*SMALL, *options)
    assert ended.exit_code == 1
    assert ended.error == (
        "there is an organization 'demo' already, which is not a demo with these options: "
        "remove it with `remove_organization demo`, or choose another --code"
    )
    assert everything() == before


def test_an_organization_that_is_no_demo_is_left_alone() -> None:
    organization("acme")
    assert made("--code", "acme", "--dry-run").exit_code == made("--code", "acme").exit_code == 1
    assert not Project.objects.exists()


def test_two_demos_share_their_users_and_nothing_else() -> None:
    made(*SMALL)
    made(*SMALL, "--code", "other")
    assert (Organization.objects.count(), WorkEntry.objects.count()) == (2, 200)
    users = get_user_model().objects.annotate(number=Count("organization_profiles"))
    assert {user.number for user in users} == {2}


def test_a_user_of_that_name_becomes_a_member_and_stays_as_they_are() -> None:
    made(*SMALL)
    username = get_user_model().objects.order_by("pk")[0].username
    ran("remove_organization", "demo", "--no-input")
    mine = get_user_model().objects.create_user(username.upper(), email="me@example.com", password="correct-horse-42")
    made(*SMALL)
    assert mine.organization_profiles.exists()
    mine.refresh_from_db()
    assert (mine.username, mine.email, mine.has_usable_password()) == (username.upper(), "me@example.com", True)


def test_a_dry_run_tells_the_same_and_writes_nothing() -> None:
    dry = made(*SMALL, "--dry-run")
    assert everything() == []
    assert not get_user_model().objects.exists()
    assert dry.counts == made(*SMALL).counts


@pytest.mark.parametrize("options", [("--tasks", "0", "--work-entries", "0"), ("--projects", "7", "--tasks", "9")])
def test_there_may_be_little_of_anything(options: tuple[str, ...]) -> None:
    assert made(*SMALL, *options).exit_code == 0
    assert made(*SMALL, *options).counts.keys() == {"processed", "unchanged"}


def test_a_run_that_is_stopped_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    made(*SMALL)
    before = everything()
    ran("remove_organization", "demo", "--no-input")
    monkeypatch.setitem(Work.pages.__kwdefaults__ or {}, "size", 10)
    write, stops = demo.write_work, iter([False, True, False, True])

    def stopping(changes: Any) -> None:
        if next(stops, False):
            raise HandOver
        write(changes)

    monkeypatch.setattr(demo, "write_work", stopping)
    run = submission.record(make_demo_organization, MakeDemoOrganization(tasks=12, work_entries=100), queue="default")
    for _ in _attempts(run.pk):
        pass
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", 3)
    assert run.counts["created"] == run.counts["processed"] == run.changes.count()
    assert everything() == before


def _attempts(run_id: Any) -> Iterator[int]:
    while attempt := claims.claim(run_id):
        runner.carry_out(run_id, attempt)
        yield attempt
        assert submission.named(run_id).status in {"queued", "succeeded"}


@pytest.mark.parametrize("code", ["a b", "-x", "", "a/b", "a" * 101])
def test_a_code_that_no_organization_may_have_is_refused(code: str) -> None:
    ended = made(f"--code={code}")
    assert ended.exit_code == 2
    assert "is not a valid code: at most 100 letters from a to z" in ended.error
    assert not Organization.objects.exists()
