import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.core.serializers import serialize
from django.db import connection
from pytest_django import Settings

from backend.tracking.kernel.kinds import NameKind
from backend.tracking.models import (
    EntryMatch,
    ExternalUser,
    Organization,
    OrganizationProfile,
    Project,
    Task,
    Tracker,
    UserMapping,
    WorkEntry,
    WorkMatch,
)
from backend.tracking.services import former_names
from backend.tracking.services.organizations import Update
from tasks.tracking.update_organization import UpdateOrganization, update_organization
from tests.unit.tracking.configuration.factories import GITHUB, KIMAI, organization, rules, trackers
from upkeep.operations import runner, submission
from upkeep.operations.files import InputFile
from upkeep.operations.leases import claims
from upkeep.operations.models import Run, RunChange, RunFile, RunLog

pytestmark = pytest.mark.django_db(
    transaction=True, available_apps=["upkeep.operations", "backend.accounts", "backend.tracking", "tasks"]
)
EXAMPLE = Path(__file__).parents[3] / "docs" / "organization.example.yaml"
MIGRATING = Path(__file__).parent / "migrating.example.yaml"
SECRET = "s3cret-token-42"
USERNAME = "hours-42@example.com"
MODELS = (Organization, OrganizationProfile, UserMapping, Project, Tracker, Task, WorkMatch, WorkEntry, ExternalUser)
SEPARATED = trackers(f"name: code, {GITHUB}", f"name: hours, {KIMAI}")


@dataclass(frozen=True)
class Applied:
    """One call of the command."""

    run: Run
    code: int
    output: str

    @property
    def counts(self) -> dict[str, int]:
        return {name: number for name, number in self.run.counts.items() if number and name != "processed"}

    @property
    def log(self) -> list[str]:
        return list(RunLog.objects.filter(run=self.run).values_list("message", flat=True))


Apply = Callable[..., Applied]


@pytest.fixture
def apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Apply:
    """Calls update_organization with a file of that content and the options given."""
    texts = [file.read_text(encoding="utf-8") for file in (EXAMPLE, MIGRATING)]
    settings.TRACKER_SECRETS = re.findall(r"\${(\w+)}", "".join(texts))
    for name in settings.TRACKER_SECRETS:
        monkeypatch.setenv(name, USERNAME if name.endswith("_USERNAME") else SECRET)

    def call(content: str | Path, **options: Any) -> Applied:
        file = content if isinstance(content, Path) else tmp_path / "acme.yaml"
        if not isinstance(content, Path):
            file.write_text(content, encoding="utf-8")
        out, code = StringIO(), 0
        try:
            call_command("update_organization", str(file), stdout=out, stderr=out, **options)
        except CommandError as error:
            out.write(str(error))
            code = error.returncode
        return Applied(Run.objects.latest("created_at"), code, out.getvalue())

    return call


def user(username: str, **fields: Any) -> Any:
    return get_user_model().objects.create(username=username, **fields)


def stored() -> str:
    """Every row of the domain."""
    return str(serialize("json", chain.from_iterable(model.objects.order_by("pk") for model in MODELS)))


def work(tracker: Tracker, **fields: Any) -> WorkEntry:
    values = {"external_id": "1", "started_at": "2026-03-02T09:30Z", "duration": "01:30"}
    return WorkEntry.objects.create(tracker=tracker, **values | fields)


def test_the_example_applies_and_changes_nothing_when_it_is_applied_again(apply: Apply) -> None:
    for username in ("office", "ada", "bob"):
        user(username)
    first = apply(EXAMPLE)
    assert (first.code, first.counts) == (0, {"created": 26})
    assert first.run.result["organization"] == "acme"
    before = stored()
    again = apply(EXAMPLE)
    assert (again.code, again.counts) == (0, {"unchanged": 26})
    assert stored() == before
    acme = Organization.objects.get()
    assert (acme.code, acme.name, acme.time_zone, acme.default_username) == (
        "acme",
        "Acme Ltd",
        "Europe/Vienna",
        "office",
    )
    assert UserMapping.objects.get(name="kimai.example.com").usernames == {"al": "ada", "robert": "bob"}
    code, support, *_ = Tracker.objects.filter(project__code="shop").order_by("place")
    assert (code.name, code.api_kind, code.api_token.get_secret_value()) == ("shop-code", "github", SECRET)
    assert support.custom_assignee_fields == ["Assignee", "Reviewer"]
    assert Tracker.objects.get(api_kind="clockodo").api_username.get_secret_value() == USERNAME
    assert list(code.tasks.order_by("code").values_list("code", "estimate")) == [("pm", 100), ("various", None)]
    last = code.work_matches.order_by("place").last()
    assert last
    assert (last.match_on, last.target_task, last.source_work_trackers) == ("always_to_task", "various", [])


def test_a_dry_run_prints_the_plan_and_writes_nothing(apply: Apply) -> None:
    found = apply(rules("match_on: always, target_task: pm"), dry_run=True)
    assert found.counts == {"created": 6}
    assert "      + tracker hours: api_kind kimai" in found.output
    assert "        + rule always_to_task → pm" in found.output
    assert not Organization.objects.exists()


def test_changes_are_made_and_told(apply: Apply) -> None:
    apply(rules("match_on: always, target_task: pm", "match_on: external_task_id_to_task_url"))
    kept = set(WorkMatch.objects.values_list("pk", flat=True))
    after = rules(
        "match_on: external_task_id_to_task_external_id",
        "match_on: always, target_task: pm, priority: 7",
        "match_on: external_task_id_to_task_url",
    ).replace("code: pm", "code: pm, estimates: 3.5")
    dry = apply(after, dry_run=True)
    found = apply(after)
    assert dry.counts == found.counts == {"created": 1, "updated": 3, "unchanged": 4}
    assert found.run.changes.get(label="task shop/code/pm").fields == {"estimates": [None, "3.5"]}
    assert "~ task pm: estimates: nothing → 3.5" in dry.output
    assert kept < set(WorkMatch.objects.values_list("pk", flat=True))
    assert list(WorkMatch.objects.order_by("place").values_list("place", "priority")) == [(1, 0), (2, 7), (3, 0)]
    assert apply(after).counts == {"unchanged": 8}


def test_an_edited_rule_takes_the_place_of_the_stored_one(apply: Apply) -> None:
    def file(*told: str) -> str:
        return rules(*told).replace("{code: pm}", "{code: pm}, {code: qa}, {code: 'pm (2)'}")

    url = "match_on: external_task_id_to_task_url"
    apply(file("match_on: always, target_task: pm", url))
    kept = WorkMatch.objects.get(match_on="always_to_task").pk
    after = file(url, "match_on: always, target_task: 'pm (2)'", *["match_on: always, target_task: qa"] * 2)
    dry = apply(after, dry_run=True)
    found = apply(after)
    assert dry.counts == found.counts == {"created": 2, "updated": 2, "unchanged": 7}
    assert "~ rule always_to_task → pm\n" in dry.output
    assert "target_task: pm → pm (2)\n" in dry.output
    assert WorkMatch.objects.get(pk=kept).target_task == "pm (2)"
    assert list(WorkMatch.objects.order_by("place").values_list("place", "target_task")) == [
        (1, ""), (2, "pm (2)"), (3, "qa"), (4, "qa"),
    ]  # fmt: skip
    assert apply(after).counts == {"unchanged": 11}
    again = apply(file(url, "match_on: always, target_task: pm"), prune=True, no_input=True)
    assert again.counts == {"updated": 1, "unchanged": 8, "deleted": 2}
    assert WorkMatch.objects.get(match_on="always_to_task").pk == kept


def test_what_is_not_in_the_file_is_listed_and_kept(apply: Apply) -> None:
    apply(rules("match_on: always, target_task: pm"))
    before = stored()
    found = apply(organization(""))
    assert (found.code, found.counts) == (0, {"unchanged": 1, "skipped": 5})
    assert found.run.reasons["skipped"] == {"not_in_file": 5}
    assert "! task shop/code/pm: not in the file, kept" in found.output
    assert stored() == before


def test_prune_deletes_it_and_says_what_goes_with_it(apply: Apply) -> None:
    apply(rules("match_on: always, target_task: pm"))
    code, hours = Tracker.objects.order_by("place")
    task = Task.objects.create(tracker=code, external_id="7", code="#7", title="x")
    Task.objects.create(tracker=hours, code="declared", title="x")
    entry = work(hours, external_user=ExternalUser.objects.create(tracker=hours, username="al"))
    EntryMatch.objects.create(entry=entry, project=hours.project, task=task)
    file = trackers(f"name: code, {GITHUB}")
    dry = apply(file, dry_run=True, prune=True)
    assert "- tracker hours with 0 downloaded tasks and 1 work entries" in dry.output
    found = apply(file, prune=True, no_input=True)
    assert found.counts == dry.counts == {"unchanged": 3, "deleted": 4}
    assert list(Tracker.objects.values_list("name", flat=True)) == ["code"]
    assert not WorkEntry.objects.exists()
    assert Task.objects.get() == task
    apply(organization(""), prune=True, no_input=True)
    assert not Project.objects.exists()
    assert not Task.objects.exists()


def test_prune_deletes_no_more_than_half_unless_somebody_says_so(apply: Apply) -> None:
    tasks = ", ".join(f"{{code: t{number}}}" for number in range(24))
    apply(trackers(f"name: code, {GITHUB}, tasks: [{tasks}]"))
    before = stored()
    found = apply(organization(""), prune=True, no_input=True)
    assert (found.code, found.run.status, stored()) == (1, "failed", before)
    assert re.match(r"\d+ of \d+ items would be deleted, the limit is 50 %: .* raise --max-deleted", found.run.error)
    assert found.run.report[-1].startswith("next would have been ")
    assert apply(organization(""), prune=True, no_input=True, max_deleted=100).code == 0
    assert not Project.objects.exists()


def test_prune_wants_to_be_confirmed(apply: Apply) -> None:
    apply(SEPARATED)
    found = apply(organization(""), prune=True)
    assert found.code == 2
    assert Tracker.objects.count() == 2
    assert update_organization.confirmation(UpdateOrganization(file=InputFile(name="a", sha256="b"))) is None


def test_a_file_with_problems_is_told_line_by_line_and_nothing_is_changed(apply: Apply) -> None:
    apply(SEPARATED)
    before = stored()
    found = apply(organization("nam: x,\ntimezone: Mars"))
    assert found.code == 1
    assert "  acme.yaml:2: unknown key 'nam' in the organization: did you mean 'name'?\n" in found.output
    assert "  acme.yaml:3: timezone 'Mars' is not an IANA time zone" in found.output
    assert found.output.splitlines()[-1].startswith("acme.yaml:2: unknown key 'nam'")
    assert found.output.splitlines()[-1].endswith("(and 1 more)")
    assert len(found.run.result["problems"]) == 2
    assert (found.run.status, found.counts, stored()) == ("failed", {}, before)


@pytest.mark.parametrize(
    ("content", "result"),
    [("organization: {code: acme, nam: x}", {"organization": "acme"}), ("organization: {code: a b}", {}), ("a: [", {})],
)
def test_of_a_file_with_problems_the_organization_is_noted_where_it_has_a_code(
    apply: Apply, content: str, result: dict[str, str]
) -> None:
    found = apply(content).run
    assert found.status == "failed"
    assert {name: value for name, value in found.result.items() if name != "problems"} == result


def test_a_target_may_have_been_downloaded(apply: Apply) -> None:
    apply(SEPARATED)
    file = rules("match_on: always, target_task: '#7'").replace(", tasks: [{code: pm}]", "")
    assert apply(file).code == 1
    code = Tracker.objects.get(name="code")
    declared = Task.objects.create(tracker=code, code="#7", title="x")
    assert apply(file).code == 1
    Task.objects.filter(pk=declared.pk).update(external_id="7")
    assert apply(file).counts == {"unchanged": 4, "created": 1}
    former_names.keep([(declared.pk, code.pk, NameKind.CODE, "#3")])
    for target in ("a/b#7", "GH-7", "#3"):
        assert apply(file.replace("#7", target)).counts == {"unchanged": 4, "updated": 1}
    assert "no task 'b/a#7'" in apply(file.replace("#7", "b/a#7")).output


@pytest.mark.parametrize("name", ["SECRET_KEY", "TMDB_API_KEY", "READ_BY_US_KEY"])
def test_no_file_gets_a_setting_of_ours(
    apply: Apply, name: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv(name, SECRET)
    assert {"DATABASE_URL", "TMDB_API_KEY"} < settings.ENVIRONMENT_NAMES
    settings.ENVIRONMENT_NAMES = {"READ_BY_US_KEY"}  # a variable whose setting has another name
    found = apply(trackers(f"name: a, {GITHUB}, api_token: '${{{name}}}'"))
    assert f"${{{name}}} is a setting of Upkeep itself" in found.output


def test_a_file_gets_no_variable_that_is_not_set_aside_for_it(apply: Apply, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLOUD_ACCESS_KEY", "TRACKER_OF_CLOUD_KEY"):
        monkeypatch.setenv(name, SECRET)
    found = apply(trackers(f"name: a, {GITHUB}, api_token: '${{CLOUD_ACCESS_KEY}}'"))
    assert (found.code, "add CLOUD_ACCESS_KEY to TRACKER_SECRETS" in found.output) == (1, True)
    assert apply(trackers(f"name: a, {GITHUB}, api_token: '${{TRACKER_OF_CLOUD_KEY}}'")).code == 0
    assert Tracker.objects.get().api_token.get_secret_value() == SECRET


def test_whoever_does_not_exist_is_skipped_or_told(apply: Apply) -> None:
    told = "default_username: office, organization_profiles: [{username: ADA}, {username: bob}], user_mappings: "
    file = organization(
        told + "[{name: m, fallback: default, external_usernames_to_username: [{external_username: al, username: cy}]}]"
    )
    user("Ada")
    found = apply(file)
    assert (found.code, found.counts) == (0, {"created": 3, "skipped": 1})
    assert found.run.reasons["skipped"] == {"no_such_user": 1}
    (line,) = found.log
    assert "'bob' (organization_profiles), 'office' (default_username), 'cy' (user mapping m)" in line
    assert "`make_users FILE --organization acme`" in line
    user("BOB")
    assert apply(file).counts == {"created": 1, "unchanged": 3}
    assert sorted(OrganizationProfile.objects.values_list("user__username", flat=True)) == ["Ada", "BOB"]
    assert apply(file).counts == {"unchanged": 4}


def test_external_users_are_who_the_file_says_members_or_not(apply: Apply) -> None:
    mapping = "{name: m, external_usernames_to_username: [{external_username: al, username: %s}]}"
    inside = f"name: hours, {KIMAI}, user_mapping: m"
    file = trackers(inside).replace("code: acme,", f"code: acme, user_mappings: [{mapping}],")
    ada, bob = user("ada"), user("bob")
    apply(file % "ada")
    external = ExternalUser.objects.create(tracker=Tracker.objects.get(), username="al")
    assert apply(file % "ada").counts == {"unchanged": 4}
    external.refresh_from_db()
    assert external.user == ada
    dry = apply(file % "bob", dry_run=True)
    external.refresh_from_db()
    assert (external.user, dry.counts) == (ada, {"updated": 1, "unchanged": 3})
    assert apply(file % "bob").run.result["remapped_people"] == 1
    external.refresh_from_db()
    assert external.user == bob


def test_a_tracker_that_moved_is_read_from_the_start_and_keeps_what_it_has(apply: Apply) -> None:
    apply(SEPARATED)
    Tracker.objects.update(position="page 9")
    task = Task.objects.create(tracker=Tracker.objects.get(name="code"), external_id="7", code="#7", title="x")
    found = apply(SEPARATED.replace("github.com/a/b", "github.com/a/c"))
    assert dict(Tracker.objects.values_list("name", "position")) == {"code": "", "hours": "page 9"}
    assert Task.objects.get() == task
    (line,) = found.log
    assert line.startswith("tracker shop/code: other records come from there now")
    assert line.endswith("until `update_project acme shop --full`")


def test_a_token_with_an_older_key_gets_the_newest_one_and_counts_as_unchanged(
    apply: Apply, settings: Settings
) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    file = trackers(f"name: code, {GITHUB}, api_token: {SECRET}, api_username: {USERNAME}")
    settings.FERNET_KEYS = [old]
    apply(file)
    settings.FERNET_KEYS = [new, old]
    assert apply(file, dry_run=True).counts == {"unchanged": 3}
    assert Tracker.objects.get().has_stale_secret
    assert apply(file).counts == {"unchanged": 3}
    settings.FERNET_KEYS = [new]
    assert Tracker.objects.get().api_token.get_secret_value() == SECRET
    assert Tracker.objects.get().api_username.get_secret_value() == USERNAME
    before = stored()
    apply(file)
    assert stored() == before
    settings.FERNET_KEYS = [Fernet.generate_key().decode()]
    found = apply(file)
    assert found.run.changes.get().fields == {key: ["set", "replaced"] for key in ("api_token", "api_username")}
    assert Tracker.objects.get().api_token.get_secret_value() == SECRET


def test_a_token_with_an_older_key_gets_the_newest_one_where_its_tracker_changes_too(
    apply: Apply, settings: Settings
) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    file = trackers(f"name: code, {GITHUB}, api_token: {SECRET}")
    settings.FERNET_KEYS = [old]
    apply(file)
    settings.FERNET_KEYS = [new, old]
    found = apply(file.replace("a/b", "a/c"))
    assert list(found.run.changes.get().fields) == ["api_location"]
    settings.FERNET_KEYS = [new]
    assert Tracker.objects.get().api_token.get_secret_value() == SECRET


@pytest.mark.parametrize("options", [{"dry_run": True}, {"verbosity": 3}, {"json": True}, {"traceback": True}])
def test_a_token_appears_nowhere(
    apply: Apply, options: dict[str, Any], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    connection.force_debug_cursor = True
    with caplog.at_level(logging.DEBUG):
        output = [apply(content, **options).output for content in (EXAMPLE, EXAMPLE)]
        broken = f"name: a, {GITHUB}, api_token: [{SECRET}], api_usernam: x"
        if "traceback" not in options:
            output.append(apply(trackers(broken), **options).output)
    connection.force_debug_cursor = False
    rows = serialize("json", chain.from_iterable(model.objects.all() for model in (Run, RunChange, RunLog, RunFile)))
    seen = "\n".join([*output, *capfd.readouterr(), caplog.text, str(rows), str(connection.queries_log)])
    assert "tracking.update_organization" in seen
    assert SECRET not in seen
    assert USERNAME not in seen
    assert ('INSERT INTO "tracking_tracker"' in seen) == ("dry_run" not in options)  # so the statements were looked at
    assert not any(USERNAME in text for text in [*output, str(rows)])


def test_a_failure_in_the_middle_leaves_nothing_half_done(apply: Apply) -> None:
    apply(SEPARATED)
    before = stored()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tracking_task ADD CONSTRAINT no_x CHECK (title <> 'x')")
    try:
        found = apply(rules("match_on: always, target_task: pm").replace("{code: pm}", "{code: pm}, {code: x}"))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE tracking_task DROP CONSTRAINT no_x")
    assert (found.code, found.run.status, found.counts) == (1, "failed", {})
    assert stored() == before


def test_a_row_that_is_deleted_in_the_meantime_fails_the_run(apply: Apply, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(SEPARATED)
    write = Update.write

    def late(self: Update, changes: Any) -> None:
        Tracker.objects.filter(name="code").delete()
        write(self, changes)

    monkeypatch.setattr(Update, "write", late)
    found = apply(SEPARATED.replace("a/b", "a/c"))
    assert found.code == 1
    assert "a tracker was deleted in the meantime" in found.output
    assert Tracker.objects.filter(name="code").exists()


@pytest.mark.usefixtures("broker")
def test_a_worker_applies_a_file_that_is_gone_from_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_SHOP_TOKEN", SECRET)
    file = tmp_path / "acme.yaml"
    file.write_text(trackers(f"name: a, {GITHUB}, api_token: '${{TRACKER_SHOP_TOKEN}}'"), encoding="utf-8")
    run = submission.enqueue(update_organization, UpdateOrganization(file=InputFile.at(str(file))))
    file.unlink()
    assert SECRET not in json.dumps(run.params)
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)
    assert Run.objects.get().status == "succeeded"
    assert Tracker.objects.get().api_token.get_secret_value() == SECRET


def test_runs_that_write_organizations_share_a_key() -> None:
    assert (
        update_organization.exclusive_key(UpdateOrganization(file=InputFile(name="a", sha256="b"))) == "organizations"
    )


def test_a_file_written_for_siisurit_applies_unchanged(apply: Apply) -> None:
    for username in ("olga", "pia"):
        user(username)
    first = apply(MIGRATING)
    assert (first.code, first.counts) == (0, {"created": 20}), first.output
    assert apply(MIGRATING).counts == {"unchanged": 20}
    owls = Organization.objects.get()
    assert (owls.name, owls.time_zone, owls.default_username) == ("Owls & Sons", "Europe/Vienna", "olga")
    kinds = [(tracker.name, tracker.api_kind) for tracker in Tracker.objects.order_by("place")]
    assert [kind for _, kind in kinds] == ["github", "youtrack", "kimai", "clockodo"]
    youtrack, clockodo = (Tracker.objects.get(name=name) for name in ("nest-plans", "nest-more-hours"))
    assert youtrack.custom_assignee_fields == ["Owner", "Developer", "Tester"]
    assert (clockodo.api_username.get_secret_value(), clockodo.user_mapping) == (
        "olga@example.com",
        "hours.example.com",
    )
    rules_by_priority = WorkMatch.objects.filter(tracker__name="nest-issues").order_by("-priority", "place")
    assert [(rule.match_on, rule.breadcrumb_pattern, rule.target_task) for rule in rules_by_priority] == [
        ("external_task_id_to_task_url", "", ""),
        ("external_task_id_to_task_external_id", "", ""),
        ("pattern_to_task_code", "", ""),
        ("pattern_to_task_code", r"^Owls / (?P<task_code>#\d+) .*", ""),
        ("pattern_to_task", "^Owls / .*", "pm"),
        ("always_to_task", "", "various"),
        ("always_to_task", "", "various"),
    ]
    assert [float(task.estimate or 0) for task in Task.objects.order_by("code")] == [12.5, 0]
    assert UserMapping.objects.get(name="hours.example.com").usernames == {"p.owl": "pia"}


def test_other_custom_fields_of_a_tracker_let_the_next_download_read_everything(apply: Apply) -> None:
    hours = f"name: hours, {KIMAI}"
    apply(trackers(hours))
    Tracker.objects.update(position="somewhere")
    changed = apply(trackers(f"{hours}, api_task_fields: [jira_key]"))
    assert changed.counts == {"updated": 1, "unchanged": 2}
    tracker = Tracker.objects.get()
    assert (tracker.task_fields, tracker.position) == (["jira_key"], "")
    assert "the next update_project reads everything" in changed.log[-1]
    Tracker.objects.update(position="somewhere")
    assert apply(trackers(f"{hours}, api_task_fields: jira_key")).counts == {"unchanged": 3}
    assert Tracker.objects.get().position == "somewhere"


def test_merge_requests_are_switched_on_and_off(apply: Apply) -> None:
    code = "name: code, api_kind: gitlab, api_location: 'https://gitlab.com/a/b'"
    apply(trackers(code))
    Tracker.objects.update(position="somewhere")
    preview = apply(trackers(f"{code}, merge_requests: true"), dry_run=True)
    assert "merge_requests: false → true" in preview.output
    apply(trackers(f"{code}, merge_requests: true"))
    assert Tracker.objects.get().merge_requests is True
    assert Tracker.objects.get().position == ""
    apply(trackers(code))
    assert Tracker.objects.get().merge_requests is False
