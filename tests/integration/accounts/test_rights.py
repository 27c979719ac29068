"""Every page and action of the admin, found in the admin itself, as each kind of user."""

from typing import Any
from uuid import uuid4

import pytest
from axes.models import AccessAttempt, AccessAttemptExpiration
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db.models import F, Model
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse
from django.utils.timezone import now
from django_celery_beat.models import ClockedSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

from backend.accounts.models import User
from tests.integration.collection.commands import ran
from upkeep.operations.models import Run, RunChange, RunLog

pytestmark = pytest.mark.django_db
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture
def rows() -> None:
    """At least one row of every model in the admin."""
    ran("load_sample_data", "--count", "3")
    ran("make_demo_organization", "--tasks", "3", "--work-entries", "6")
    Group.objects.create(name="planners")
    ClockedSchedule.objects.create(clocked_time="2026-01-01 00:00Z")
    SolarSchedule.objects.create(event="sunset", latitude=1, longitude=2)
    every = IntervalSchedule.objects.create(every=1, period="hours")
    PeriodicTask.objects.create(name="Hourly", task="collection.load_sample_data", interval=every)
    RunLog.objects.create(run=ran("normalize_uk_certifications").run, message="a line", at=now())
    assert [model for model in MODELS if not model._default_manager.exists()] == []


def staff(*verbs: str) -> Client:
    """A logged in member of staff who may do that with every model."""
    client = Client()
    client.force_login(staff_user(*verbs))
    return client


def staff_user(*verbs: str) -> User:
    user = User.objects.create_user(f"{uuid4()}", is_staff=True)
    user.user_permissions.set([right for right in Permission.objects.all() if right.codename.split("_")[0] in verbs])
    return user


def pages(model: type[Model]) -> dict[str, str]:
    """The addresses of a model's own pages by their names; where a row is wanted, those of the first."""
    row = model._default_manager.order_by("pk")[0]
    found = {}
    for pattern in admin.site._registry[model].get_urls():
        if pattern.name:
            try:
                found[pattern.name] = reverse(f"admin:{pattern.name}")
            except NoReverseMatch:
                found[pattern.name] = reverse(f"admin:{pattern.name}", args=[row.pk])
    assert len(found) >= 5
    return found


def state() -> list[Any]:
    """All rows of the admin's models, but for when somebody was there last."""
    rows = [list(model._default_manager.order_by("pk").values()) for model in MODELS]
    return [{name: value for name, value in row.items() if name != "last_login"} for each in rows for row in each]


def act(client: Client, model: type[Model], action: str) -> None:
    """Carry the action out on all rows of the model, as one who has confirmed it."""
    selected = [str(key) for key in model._default_manager.values_list("pk", flat=True)]
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    client.post(url, {"action": action, "_selected_action": selected, "post": "yes"})


@pytest.mark.usefixtures("rows")
def test_who_may_not_do_it_can_neither_open_a_page_nor_send_one(client: Client) -> None:
    without, viewer = staff(), staff("view")
    verbs = {"add": "add", "password_change": "password", "change": "change", "delete": "delete"}
    before = state()
    for name, url in [page for model in MODELS for page in pages(model).items()]:
        for answer in (client.get(url), client.post(url, {"post": "yes"})):
            assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/login/"), name
        assert (without.get(url).status_code, without.post(url, {"post": "yes"}).status_code) == (403, 403), name
        verb = next((verb for end, verb in verbs.items() if name.endswith(f"_{end}")), "view")
        assert viewer.get(url).status_code == (200 if verb in ("view", "change") else 403), name
        if verb != "view":
            assert viewer.post(url, {"post": "yes"}).status_code == 403, name
    assert state() == before


@pytest.mark.usefixtures("rows")
def test_no_action_does_anything_for_who_may_only_look(client: Client, admin_user: User, rf: RequestFactory) -> None:
    request, clients, runs = rf.get("/"), [client, staff(), staff("view")], Run.objects.count()
    request.user = admin_user
    actions = [(model, name) for model in MODELS for name in admin.site._registry[model].get_actions(request)]
    assert (PeriodicTask, "run_tasks") in actions
    before = state()
    for model, action in actions:
        for who in clients:
            act(who, model, action)
            assert state() == before, action
    assert Run.objects.count() == runs
    act(staff("view", "change"), PeriodicTask, "disable_tasks")
    assert state() != before


@pytest.mark.usefixtures("rows")
def test_a_superuser_can_open_every_page_that_is_there_for_somebody_and_an_operator_no_more(
    admin_client: Client,
) -> None:
    """Sent as they are, forms are refused or change little; what nobody may do is refused to superusers, too."""
    operator, before = staff("view", "add", "change"), {model: model._default_manager.count() for model in MODELS}
    for model in MODELS:
        for name, url in pages(model).items():
            status = admin_client.get(url).status_code
            assert status in ((200, 403) if name.endswith(("_add", "_delete")) else (200,)), name
            theirs, sent = operator.get(url).status_code, operator.post(url, {"post": "yes"}).status_code
            assert theirs in ((403,) if status == 403 or name.endswith("_delete") else (200, 403)), name
            assert sent in ((403,) if theirs == 403 else (200, 302, 403)), name
            if not name.endswith("_delete"):
                sent = admin_client.post(url, {"post": "yes"}).status_code
                assert sent in ((403,) if status == 403 else (200, 302, 403)), name
    for model in (Run, RunChange, RunLog):
        row = model._default_manager.order_by("pk")[0]
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_delete", args=[row.pk])
        assert admin_client.post(url, {"post": "yes"}).status_code == 403
    assert {model: model._default_manager.count() for model in MODELS} == before


# ---- nobody gives themselves more rights


def changed(client: Client, user: User, **values: Any) -> User:
    """The user, after somebody has sent the form with these values."""
    url = reverse("admin:accounts_user_change", args=[user.pk])
    form = {"username": user.username, "is_active": "on", **values}
    moments = {f"{name}_{number}": "" for name in ("last_login", "date_joined") for number in (0, 1)}
    client.post(url, {**moments, "date_joined_0": "2026-01-01", "date_joined_1": "12:00:00", **form})
    user.refresh_from_db()
    return user


@pytest.mark.parametrize("right", ["is_superuser", "is_staff"])
def test_who_may_change_users_gives_no_rights(right: str) -> None:
    user = User.objects.create_user("somebody")
    every = [str(right.pk) for right in Permission.objects.all()]
    found = changed(staff("view", "change"), user, first_name="Some", user_permissions=every, **{right: "on"})
    assert (found.first_name, getattr(found, right), found.user_permissions.count()) == ("Some", False, 0)
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    assert getattr(changed(root, user, **{right: "on"}), right)


def test_who_may_change_users_does_not_become_one_who_may_do_more() -> None:
    colleague = staff("view", "change")
    inactive = staff_user("delete")
    inactive.is_active = False  # which a change would undo
    inactive.save()
    for user in (User.objects.create_superuser("root"), staff_user("delete"), inactive):
        assert changed(colleague, user, first_name="Taken").first_name == ""
        url, password = reverse("admin:auth_user_password_change", args=[user.pk]), "a-new-password-42"
        answer = colleague.post(url, {"password1": password, "password2": password, "usable_password": "true"})
        user.refresh_from_db()
        assert (answer.status_code, user.check_password(password)) == (403, False)
        act(staff("view", "delete"), User, "delete_selected") if user.is_superuser else None
        assert User.objects.filter(pk=user.pk).exists()
    peer = User.objects.create_user("peer")
    colleague.post(
        reverse("admin:auth_user_password_change", args=[peer.pk]), {"password1": password, "password2": password}
    )
    peer.refresh_from_db()
    assert peer.check_password(password)


def log_in(client: Client, username: str, password: str) -> int:
    """The status of the answer: 302 when it was right."""
    answer = client.post("/admin/login/", {"username": username, "password": password, "next": "/admin/"})
    return answer.status_code


def test_a_new_password_ends_the_sessions_of_who_had_the_old_one(client: Client) -> None:
    user = User.objects.create_superuser("root", password="before-42")
    assert log_in(client, "root", "before-42") == 302
    assert client.get("/admin/").status_code == 200
    user.set_password("after-42")
    user.save()
    assert client.get("/admin/").status_code == 302


def test_who_guesses_a_password_has_to_wait_and_nobody_else_has(client: Client) -> None:
    User.objects.create_superuser("root", password="right-42")
    User.objects.create_superuser("other", password="right-42")
    names = ["root", "Root", "ROOT", " root", "root", "rOOt"]
    assert [log_in(client, name, "wrong-42") for name in names] == [200, 200, 200, 200, 429, 429]
    assert log_in(client, "root", "right-42") == 429
    assert log_in(client, 254 * "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}", "wrong-42") == 200
    assert log_in(Client(), "other", "right-42") == 302
    assert log_in(Client(REMOTE_ADDR="192.0.2.7"), "root", "right-42") == 302
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - settings.AXES_COOLOFF_TIME)
    AccessAttemptExpiration.objects.update(expires_at=now())
    assert log_in(client, "root", "right-42") == 302
