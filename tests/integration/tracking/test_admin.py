import re
from html import unescape

import pytest
from django.contrib import admin
from django.contrib.auth.models import AbstractUser
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backend.tracking.kernel.patterns.pattern import MAX_TOTAL_MEMORY, facts
from backend.tracking.models import (
    ExternalUser,
    Organization,
    Project,
    Task,
    Tracker,
    UserMapping,
    WorkEntry,
    WorkMatch,
)
from tests.integration.collection.commands import ran
from tests.integration.tracking.factories import organization, project, tracker

pytestmark = pytest.mark.django_db
ALWAYS = {"match_on": "always_to_task", "target_task": "A-1"}
MODELS = (Organization, Project, Tracker, ExternalUser, Task, WorkEntry, WorkMatch)
TOKEN = "glpat-geheim-42"
PLACE = "https://acme.example/browse/DEMO"


def url(model: type, page: str, *keys: object) -> str:
    return reverse(f"admin:tracking_{model.__name__.lower()}_{page}", args=keys)


@pytest.fixture
def demo() -> None:
    ran("make_demo_organization", "--tasks", "12", "--work-entries", "100")


@pytest.mark.usefixtures("demo")
def test_all_pages_open_in_a_number_of_queries_that_does_not_grow_with_the_rows(admin_client: Client) -> None:
    for model in MODELS:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = admin_client.get(url(model, "changelist"))
        assert answer.status_code == 200
        assert answer.context["cl"].result_count == model._default_manager.count()
        assert len(queries) < 12
        row = model._default_manager.order_by("pk")[0]
        assert admin_client.get(url(model, "change", row.pk)).status_code == 200


def test_of_a_token_nothing_is_shown_but_whether_there_is_one(admin_client: Client) -> None:
    of = project(organization())
    stored = tracker(of, "code", token=TOKEN)
    tracker(of, "hours")
    pages = [admin_client.get(url(Tracker, "changelist")), admin_client.get(url(Tracker, "change", stored.pk))]
    for page in pages:
        assert TOKEN not in page.content.decode()
        assert stored.encrypted_token not in page.content.decode()
    assert pages[0].content.decode().count("icon-yes") == pages[0].content.decode().count("icon-no") == 1


HIDDEN = [
    (model, field.name)
    for model in admin.site._registry
    for field in model._meta.concrete_fields
    if re.search("encrypted|password|token", field.name)
]


@pytest.mark.parametrize(("model", "column"), HIDDEN)
def test_no_page_tells_by_its_number_of_rows_how_a_secret_begins(
    admin_client: Client, model: type[Model], column: str
) -> None:
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for lookup in ("", "__startswith", "__regex", "__gt", "__in", "__isnull"):
        assert admin_client.get(page, {column + lookup: "g"}).status_code == 400


def test_the_secrets_of_a_tracker_are_among_the_hidden_columns() -> None:
    assert {(Tracker, "encrypted_token"), (Tracker, "encrypted_username")} < set(HIDDEN)


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        (Tracker, "position__startswith"),
        (Tracker, "project__organization__projects__trackers__encrypted_token__startswith"),
        (Project, "trackers__encrypted_token__startswith"),
        (Task, "tracker__encrypted_token__startswith"),
        (ExternalUser, "user__password__startswith"),
    ],
)
def test_what_no_filter_shows_is_not_looked_up(admin_client: Client, model: type, lookup: str) -> None:
    assert admin_client.get(url(model, "changelist"), {lookup: "g"}).status_code == 400


@pytest.mark.usefixtures("demo")
def test_every_filter_works(admin_client: Client) -> None:
    for model in MODELS:
        page = admin_client.get(url(model, "changelist")).content.decode()
        for query in set(re.findall(r'href="\?(\w[^"]+)"', page)):
            assert admin_client.get(f"{url(model, 'changelist')}?{unescape(query)}").status_code == 200


def test_the_username_of_a_token_is_stored_encrypted() -> None:
    stored = tracker(project(organization()), "code", token=TOKEN, username="ada@acme.example")
    [(column,)] = Tracker.objects.values_list("encrypted_username")
    assert "ada" not in column
    stored.refresh_from_db()
    assert stored.api_username.get_secret_value() == "ada@acme.example"


def test_a_tracker_is_renamed_here_but_not_sent_elsewhere_with_its_token(admin_client: Client) -> None:
    stored = tracker(
        project(organization()),
        "code",
        token=TOKEN,
        api_kind="jira",
        api_location=PLACE,
        username="ada@acme.example",
    )
    page = admin_client.get(url(Tracker, "change", stored.pk)).content.decode()
    assert PLACE in page
    assert "ada@acme.example" not in page
    form = {
        "project": stored.project_id, "name": "renamed", "place": "3", "custom_assignee_fields": "",
        "api_kind": "github", "api_location": "https://elsewhere.example/a/b", "api_username": "",
    }  # fmt: skip
    assert admin_client.post(url(Tracker, "change", stored.pk), form).status_code == 302
    stored.refresh_from_db()
    assert (stored.name, stored.api_token.get_secret_value()) == ("renamed", TOKEN)
    assert (stored.api_kind, stored.api_location, stored.api_username.get_secret_value()) == (
        "jira",
        PLACE,
        "ada@acme.example",
    )


def test_neither_a_project_nor_a_tracker_is_moved_to_another_organization(admin_client: Client) -> None:
    """Its rules would come on top of those that take all the memory there is for an organization."""
    acme, other = organization("acme"), organization("other")
    stored, beside, elsewhere = project(acme, "one"), project(acme, "two"), project(other, "three")
    of = tracker(stored, "code")
    form = {"code": "renamed", "name": "Renamed", "organization": str(other.pk)}
    assert admin_client.post(url(Project, "change", stored.pk), form).status_code == 302
    stored.refresh_from_db()
    assert (stored.code, stored.organization) == ("renamed", acme)
    form = {"name": "code", "place": "0", "custom_assignee_fields": "", "project": str(elsewhere.pk)}
    answer = admin_client.post(url(Tracker, "change", of.pk), form)
    assert "A tracker stays in its organization" in answer.content.decode()
    assert admin_client.post(url(Tracker, "change", of.pk), form | {"project": str(beside.pk)}).status_code == 302
    of.refresh_from_db()
    assert of.project == beside
    new = {"name": "new", "place": "0", "custom_assignee_fields": "", "project": str(elsewhere.pk)}
    assert admin_client.post(url(Tracker, "add"), new).status_code == 302


@pytest.mark.parametrize(
    ("model", "field", "value", "told"),
    [
        (Organization, "code", "a b", "&#x27;a b&#x27; is not a valid code"),
        (Organization, "time_zone", "Nowhere/Land", "is not an IANA time zone"),
        (Project, "code", "-a", "is not a valid code"),
        (WorkMatch, "text_pattern", "(?=x", "rule &quot;pattern_to_task_code (?=x&quot; of code: "),
        (WorkMatch, "match_on", "always_to_task", "it has no target_task"),
    ],
)
def test_what_would_break_operations_is_refused(
    admin_client: Client, model: type, field: str, value: str, told: str
) -> None:
    of = tracker(project(organization("acme")), "code")
    rule = WorkMatch.objects.create(tracker=of, match_on="pattern_to_task_code", text_pattern="(?P<task_code>#[0-9]+)")
    row = next(row for row in (of.project.organization, of.project, rule) if isinstance(row, model))
    form = {"profiles-TOTAL_FORMS": "0", "profiles-INITIAL_FORMS": "0"}
    form |= {"user_mappings-TOTAL_FORMS": "0", "user_mappings-INITIAL_FORMS": "0"}
    form |= {
        name: str(getattr(row, name))
        for name in ("code", "name", "time_zone", "match_on", "text_pattern")
        if hasattr(row, name)
    }
    form |= {"organization": str(of.project.organization_id), "tracker": str(of.pk), "priority": "0", "place": "0"}
    assert admin_client.post(url(model, "change", row.pk), form).status_code == 302
    answer = admin_client.post(url(model, "change", row.pk), form | {field: value})
    assert answer.status_code == 200
    assert told in answer.content.decode()


def test_patterns_of_an_organization_that_take_too_much_memory_together_are_refused(admin_client: Client) -> None:
    acme, costly = organization("acme"), r"\w{1,200}"
    of, beside = tracker(project(acme, "one"), "code"), tracker(project(acme, "two"), "code")
    fitting = MAX_TOTAL_MEMORY // facts(costly).memory
    rows = [WorkMatch(tracker=(of, beside)[number % 2], **ALWAYS, text_pattern=costly) for number in range(fitting)]
    kept = WorkMatch.objects.bulk_create(rows)[0]
    form = {"tracker": str(of.pk), "priority": "0", "place": "0", **ALWAYS, "text_pattern": costly}
    answer = admin_client.post(url(WorkMatch, "add"), form)
    assert "the patterns of the organization take more than 32 MB to match" in answer.content.decode()
    assert admin_client.post(url(WorkMatch, "change", kept.pk), form).status_code == 302
    other = tracker(project(organization("other")), "code")
    assert admin_client.post(url(WorkMatch, "add"), form | {"tracker": str(other.pk)}).status_code == 302
    assert WorkMatch.objects.count() == fitting + 1


@pytest.mark.parametrize("usernames", ["[1, 2]", '{"al": 1}', '"ada"'])
def test_a_mapping_that_is_none_is_refused(admin_client: Client, usernames: str) -> None:
    stored = organization("acme")
    form = {
        "code": "acme", "name": "Acme", "time_zone": "UTC",
        "profiles-TOTAL_FORMS": "0", "profiles-INITIAL_FORMS": "0",
        "user_mappings-TOTAL_FORMS": "1", "user_mappings-INITIAL_FORMS": "0",
        "user_mappings-0-name": "kimai", "user_mappings-0-fallback": "none", "user_mappings-0-usernames": usernames,
    }  # fmt: skip
    answer = admin_client.post(url(Organization, "change", stored.pk), form)
    assert "must be a mapping from their usernames to ours" in answer.content.decode()
    assert not UserMapping.objects.exists()


@pytest.mark.usefixtures("demo")
def test_work_is_found_by_text_and_by_whole_ids(admin_client: Client) -> None:
    entry = WorkEntry.objects.exclude(text="").order_by("pk")[0]
    for query, found in ((entry.external_id, True), (entry.external_id[:-1], False), (entry.text, True)):
        answer = admin_client.get(url(WorkEntry, "changelist"), {"q": query})
        assert (answer.context["cl"].result_count >= 1) is found


@pytest.mark.usefixtures("demo")
def test_what_operations_write_or_remove_is_not_written_or_removed_here(admin_client: Client) -> None:
    entry = WorkEntry.objects.order_by("pk")[0]
    assert admin_client.get(url(WorkEntry, "add")).status_code == 403
    assert admin_client.post(url(WorkEntry, "change", entry.pk), {"text": "other"}).status_code == 403
    for model in (Organization, Project, Tracker, ExternalUser, WorkEntry):
        row = model._default_manager.order_by("pk")[0]
        assert admin_client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403


def test_members_and_mappings_are_edited_with_their_organization(
    admin_client: Client, admin_user: AbstractUser
) -> None:
    stored = organization("acme")
    form = {
        "code": "acme", "name": "Acme", "time_zone": "UTC",
        "profiles-TOTAL_FORMS": "1", "profiles-INITIAL_FORMS": "0", "profiles-0-user": str(admin_user.pk),
        "user_mappings-TOTAL_FORMS": "1", "user_mappings-INITIAL_FORMS": "0",
        "user_mappings-0-name": "kimai", "user_mappings-0-fallback": "none",
        "user_mappings-0-usernames": '{"al": "admin"}',
    }  # fmt: skip
    assert admin_client.post(url(Organization, "change", stored.pk), form).status_code == 302
    assert stored.profiles.get().user == admin_user
    assert UserMapping.objects.get().usernames == {"al": "admin"}
