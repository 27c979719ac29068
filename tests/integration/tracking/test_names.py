"""Work entries name tasks in many ways, and go on leading to them when those are called otherwise."""

from collections.abc import Iterator
from types import ModuleType

import pytest
from django.db import transaction

from backend.tracking.kernel import locations
from backend.tracking.kernel.kinds import ApiKind, NameKind
from backend.tracking.kernel.names import ProjectFacts
from backend.tracking.kernel.records import TaskRecord
from backend.tracking.models import FormerName, Task, Tracker, WorkEntry, new_id
from backend.tracking.services import former_names
from backend.tracking.services.downloads import Download
from tests.integration.collection.commands import ran
from tests.integration.tracking.factories import api_tracker
from tests.integration.tracking.projects import COMMITTED, Example
from tests.integration.tracking.test_explain_work_entry import explained
from tests.servers.trackers import github, gitlab, jira, renamed, youtrack
from upkeep.testing.servers.process import Server

pytestmark = [COMMITTED, pytest.mark.usefixtures("impatient", "folder")]

SYSTEMS = [github, gitlab, jira, youtrack]
CODE = r"(?s).*?(?P<task_code>[#!]\d+|[A-Za-z]+-\d+)"
NUMBERS = range(1, 8)


@pytest.fixture(params=SYSTEMS, ids=lambda module: module.KIND)
def system(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


@pytest.fixture
def server(system: ModuleType) -> Iterator[Server]:
    with renamed.server(system, records=40) as server:
        yield server


def project_of(system: ModuleType, location: str) -> tuple[Example, Tracker]:
    """A project whose tasks come from a system, with the rules for codes and addresses."""
    example = Example()
    tracker = api_tracker(
        system.KIND, location, of=example.project, token=system.TOKEN, username=system.USERNAME
    )  # fmt: skip
    example.rule("text_url_to_task_url", tracker, priority=30)
    example.rule("external_task_id_to_task_url", tracker, priority=20)
    example.rule("external_task_id_to_task_code", tracker, priority=20)
    example.rule("pattern_to_task_code", tracker, text_pattern=CODE, priority=10)
    return example, tracker


def codes() -> list[str | None]:
    """Of the tasks that the entries are matched with."""
    return list(WorkEntry.objects.order_by("pk").values_list("match__task__code", flat=True))


def tasks() -> list[Task]:
    return [Task.objects.get(code__iregex=rf"^(#|[a-z]+-){number}$") for number in NUMBERS]


def test_everything_goes_on_leading_to_the_tasks_of_a_project_that_is_renamed(
    system: ModuleType, server: Server
) -> None:
    example, tracker = project_of(system, system.location(server.origin))
    assert ran("update_project", "example").exit_code == 0
    for task in tasks():
        example.entry(f"worked on {task.code}")
        example.entry(external_task=task.url)
        example.entry(f"see {task.url}, please")
        example.entry(external_task=task.code)
    ran("match_project", "example")
    before = list(WorkEntry.objects.order_by("pk").values_list("match__task", "match__matched_by"))
    assert all(task for task, _ in before)

    renamed.rename(server)
    for options in ([], ["--full"], []):
        ended = ran("update_project", "example", *options)
        assert ended.exit_code == 0, ended.error
        assert list(WorkEntry.objects.order_by("pk").values_list("match__task", "match__matched_by")) == before
    tracker.refresh_from_db()
    assert renamed.NEW[str(system.KIND)] in tracker.pages[-1]
    name = renamed.NEW[str(system.KIND)]
    assert all(name in task.url for task in tasks())


def test_what_has_the_new_name_leads_to_tasks_that_were_read_under_the_old_one(
    system: ModuleType, server: Server
) -> None:
    example, _ = project_of(system, system.location(server.origin))
    ran("update_project", "example")
    old = {task.pk: (task.code, task.url) for task in tasks()}
    renamed.rename(server)
    ran("update_project", "example")  # nothing was changed there, so nothing is read
    assert {task.pk: (task.code, task.url) for task in tasks()} == old
    name = str(system.KIND)
    for code, url in old.values():
        example.entry(external_task=code.replace(renamed.OLD[name], renamed.NEW[name]))
        example.entry(external_task=url.replace(renamed.OLD[name], renamed.NEW[name]))
    ran("match_project", "example")
    assert codes() == [code for code, _ in old.values() for _ in range(2)]


def test_what_has_the_old_name_leads_to_tasks_that_were_never_read_under_it(system: ModuleType, server: Server) -> None:
    renamed.rename(server)
    example, _ = project_of(system, system.location(server.origin))
    assert ran("update_project", "example").exit_code == 0
    name = str(system.KIND)
    for task in tasks():
        example.entry(external_task=task.url.replace(renamed.NEW[name], renamed.OLD[name]))
        example.entry(external_task=task.code.replace(renamed.NEW[name], renamed.OLD[name]))
    ran("match_project", "example")
    assert codes() == [task.code for task in tasks() for _ in range(2)]
    assert not FormerName.objects.exists()
    url, code = WorkEntry.objects.order_by("pk")[:2]
    [told] = explained("--id", str(url.pk))
    assert told["match"]["note"] == f"that is a former url of the task: it is {told['match']['task']['url']} now"
    [told] = explained("--id", str(code.pk))
    assert ("note" in told["match"]) == (name in ("jira", "youtrack"))


def test_a_location_that_is_brought_up_to_date_forgets_no_name(system: ModuleType, server: Server) -> None:
    example, tracker = project_of(system, system.location(server.origin))
    ran("update_project", "example")
    example.entry(external_task=tasks()[0].url)
    renamed.rename(server)
    name = str(system.KIND)
    location = system.location(server.origin).replace(renamed.OLD[name], renamed.NEW[name])
    Tracker.objects.update(api_location=location)
    ran("update_project", "example")
    tracker.refresh_from_db()
    assert renamed.OLD[name] in tracker.pages[0]
    assert codes() == [tasks()[0].code]


def test_a_dry_run_remembers_no_name(system: ModuleType, server: Server) -> None:
    _, tracker = project_of(system, system.location(server.origin))
    assert ran("update_project", "example", "--dry-run").exit_code == 0
    tracker.refresh_from_db()
    assert (tracker.pages, tracker.project_external_id) == ([], "")


# ---- single tasks


class Names:
    """A project whose tracker is never asked: its records are written as a download writes them."""

    def __init__(self, kind: str, location: str) -> None:
        self.example = Example()
        self.tracker = self.of(kind, location)

    def of(self, kind: str, location: str) -> Tracker:
        tracker = api_tracker(ApiKind(kind), location, of=self.example.project, token="x", name=f"of {location[-3:]}")
        self.example.rule("external_task_id_to_task_url", tracker, priority=20)
        self.example.rule("external_task_id_to_task_code", tracker, priority=10)
        self.example.rule("text_url_to_task_url", tracker)
        return tracker

    def read(self, *records: TaskRecord, tracker: Tracker | None = None) -> None:
        download = Download(tracker or self.tracker, new_id(), full=False, dry_run=False)
        with transaction.atomic():
            download.write(download.plan(records), cursor="x")

    def leads(self, *names: str) -> list[str | None]:
        """The external ids of the tasks to which entries lead that name these."""
        WorkEntry.objects.all().delete()
        for name in names:
            self.example.entry(external_task=name)
        ran("match_project", "example")
        return list(WorkEntry.objects.order_by("pk").values_list("match__task__external_id", flat=True))


def record(external_id: str, code: str, url: str = "") -> TaskRecord:
    return TaskRecord(external_id=external_id, code=code, title=code, url=url)


@pytest.fixture
def in_jira() -> Names:
    return Names("jira", "https://acme.atlassian.net/browse/ABC")


def in_gitlab(kind: str = "gitlab") -> Names:
    return Names(kind, "https://git.example/group/shop")


def test_a_code_that_another_task_has_by_now_leads_to_that_one(in_jira: Names) -> None:
    in_jira.read(record("1", "ABC-1"))
    in_jira.read(record("1", "ABC-7"))
    assert in_jira.leads("ABC-1", "abc-7") == ["1", "1"]
    in_jira.read(record("2", "ABC-1"))
    assert in_jira.leads("ABC-1", "ABC-7") == ["2", "1"]


def test_of_two_tasks_that_had_a_name_the_one_that_had_it_last_is_meant(in_jira: Names) -> None:
    in_jira.read(record("1", "ABC-1", "https://acme.atlassian.net/browse/ABC-1"))
    in_jira.read(record("1", "ABC-7", "https://acme.atlassian.net/browse/ABC-7"))
    in_jira.read(record("2", "ABC-1", "https://acme.atlassian.net/browse/ABC-1"))
    in_jira.read(record("2", "ABC-8", "https://acme.atlassian.net/browse/ABC-8"))
    assert in_jira.leads("ABC-1", "https://acme.atlassian.net/browse/abc-1") == ["2", "2"]


def test_a_task_that_is_renamed_forth_and_back_has_both_names(in_jira: Names) -> None:
    for code in ("ABC-1", "ABC-2", "ABC-1", "ABC-2", "ABC-1"):
        in_jira.read(record("1", code))
    assert in_jira.leads("ABC-1", "ABC-2") == ["1", "1"]
    assert sorted(FormerName.objects.values_list("text", flat=True)) == ["ABC-1", "ABC-2"]


def test_a_name_that_is_only_written_otherwise_by_now_is_no_former_one() -> None:
    names = in_gitlab()
    names.read(record("1", "#1", "https://git.example/group/shop/-/issues/1"))
    names.read(record("1", "#1", "https://GIT.example/group/shop/-/work_items/1"))
    assert not FormerName.objects.exists()
    assert names.leads("http://git.example/group/shop/issues/1/?a#b") == ["1"]


def test_a_former_code_gives_way_to_a_task_of_another_tracker_that_has_it_by_now(in_jira: Names) -> None:
    in_jira.read(record("1", "ABC-1"))
    in_jira.read(record("1", "ABC-2"))
    other = in_jira.of("jira", "https://acme.atlassian.net/browse/OTH")
    assert in_jira.leads("ABC-1") == ["1"]
    in_jira.read(record("9", "ABC-1"), tracker=other)
    assert in_jira.leads("ABC-1") == ["9"]


def test_a_former_number_stays_though_another_project_has_the_same_number() -> None:
    names = in_gitlab()
    names.read(record("1", "#1"))
    names.read(record("1", "#2"))
    names.read(record("9", "#1"), tracker=names.of("gitlab", "https://git.example/group/other"))
    assert names.leads("#1") == ["1"]


def test_names_of_a_task_that_moved_to_another_tracker_lead_to_it_from_the_rules_of_the_first(in_jira: Names) -> None:
    in_jira.read(record("1", "ABC-1"))
    other = in_jira.of("jira", "https://acme.atlassian.net/browse/OTH")
    former_names.keep([(Task.objects.get().pk, in_jira.tracker.pk, NameKind.CODE, "ABC-1")])
    Task.objects.update(tracker=other, code="OTH-5")
    assert in_jira.leads("ABC-1", "OTH-5") == ["1", "1"]


def test_explain_says_which_name_is_a_former_one(in_jira: Names) -> None:
    in_jira.read(record("1", "ABC-1"))
    in_jira.read(record("1", "XYZ-1"))
    in_jira.leads("abc-1", "XYZ-1")
    notes = [explained("--id", str(entry.pk))[0]["match"].get("note") for entry in WorkEntry.objects.order_by("pk")]
    assert notes == ["that is a former code of the task: it is XYZ-1 now", None]
    [told] = explained("--id", str(WorkEntry.objects.order_by("pk")[0].pk))
    assert (told["match"]["matched"], told["stored"]["is_up_to_date"]) == ({"code": "abc-1"}, True)


def test_the_target_of_a_rule_may_be_a_former_code(in_jira: Names) -> None:
    in_jira.read(record("1", "ABC-1"))
    in_jira.read(record("1", "ABC-2"))
    in_jira.example.rule("always_to_task", in_jira.tracker, target_task="abc-1", priority=-1)
    assert in_jira.leads("nothing of ours") == ["1"]


def test_a_task_of_the_configuration_is_found_by_its_code_as_it_is_written(in_jira: Names) -> None:
    in_jira.example.task("abc-1", in_jira.tracker, external_id="")
    in_jira.example.task("Pm", in_jira.tracker, external_id="")
    in_jira.read(record("1", "ABC-1"))
    assert in_jira.leads("ABC-1", "abc-1", "Abc-1", "Pm", "PM") == ["1", "", "1", "", None]


def test_of_codes_that_differ_in_case_the_one_that_is_written_so_is_meant(in_jira: Names) -> None:
    in_jira.read(record("1", "abc-1"), record("2", "ABC-1"))
    assert in_jira.leads("ABC-1", "abc-1") == ["2", "1"]


def test_numbers_and_requests_of_a_project_are_found_and_those_of_others_are_not() -> None:
    names = in_gitlab()
    names.read(record("1", "#12"), record("2", "!12", "https://git.example/group/shop/-/merge_requests/12"))
    assert names.leads("12", "GH-12", "12-fix-login", "group/shop#12", "shop#12") == ["1"] * 5
    assert names.leads("!12", "group/shop!12", "https://git.example/group/shop/merge_requests/12/diffs") == ["2"] * 3
    assert names.leads("group/other#12", "other!12", "2026-12-12", "12 things", "ABC-12") == [None] * 5


def test_a_tracker_without_a_kind_knows_codes_as_they_are_written() -> None:
    example = Example()
    example.rule("external_task_id_to_task_code")
    for code in ("#12", "ABC-1"):
        example.task(code)
    for name in ("#12", "12", "ABC-1", "abc-1"):
        example.entry(external_task=name)
    ran("match_project", "example")
    assert codes() == ["#12", None, "ABC-1", None]


def test_the_first_address_in_a_text_that_leads_to_a_task_counts() -> None:
    names = in_gitlab()
    url = "https://git.example/group/shop/-/issues"
    names.read(record("1", "#1", f"{url}/1"), record("2", "#2", f"{url}/2"), record("3", "#3", f"{url}/3"))
    names.read(record("3", "#3", f"{url}/33"))
    texts = {
        f"see https://elsewhere.example/1, [this]({url}/2) and {url}/1": "2",
        f"former ones count, too: <{url}/3>; {url}/1": "3",
        f"**{url}/1**\n{url}/2": "1",
        f"{url}/4 is none": None,
        "#1": None,
    }
    entries = [names.example.entry(text) for text in texts]
    ran("match_project", "example")
    found = WorkEntry.objects.order_by("pk").values_list("match__task__external_id", flat=True)
    assert list(found) == list(texts.values())
    assert explained("--id", str(entries[0].pk))[0]["match"]["matched"] == {"url": f"{url}/2"}
    reason = explained("--id", str(entries[4].pk))[0]["did_not_apply"][-1]["reason"]
    assert reason == "the entry's text holds no address"


def test_another_project_under_the_same_name_is_not_the_one_that_was_renamed() -> None:
    names = in_gitlab()
    place = locations.parsed(ApiKind.GITLAB, names.tracker.api_location)
    former_names.keep_pages(names.tracker, place, ProjectFacts("7", "group/shop"))
    names.tracker.refresh_from_db()
    former_names.keep_pages(names.tracker, place, ProjectFacts("7", "acme/shop"))
    names.tracker.refresh_from_db()
    assert names.tracker.pages == ["https://git.example/group/shop", "https://git.example/acme/shop"]
    former_names.keep_pages(names.tracker, place, ProjectFacts("7", "group/shop"))
    names.tracker.refresh_from_db()
    assert names.tracker.pages == ["https://git.example/acme/shop", "https://git.example/group/shop"]
    former_names.keep_pages(names.tracker, place, ProjectFacts("8", "group/shop"))
    names.tracker.refresh_from_db()
    assert names.tracker.pages == ["https://git.example/group/shop"]


def test_every_way_to_write_a_task_keeps_the_key_of_its_address() -> None:
    example = Example()
    made = example.task("#1", url="HTTPS://Tasks.example/1/")
    made.url = "https://tasks.example/2/"
    made.save()
    Task.objects.bulk_create([Task(tracker=example.tasks, external_id="3", code="#3", url="https://tasks.example/3#a")])
    assert sorted(Task.objects.values_list("url_key", flat=True)) == ["tasks.example/2", "tasks.example/3"]


def named(tracker: Tracker, *names: str) -> None:
    """Its project is called so, one after the other, and is the same one."""
    place = locations.parsed(ApiKind(tracker.api_kind), tracker.api_location)
    for name in names:
        former_names.keep_pages(tracker, place, ProjectFacts("7", name))
        tracker.refresh_from_db()


def test_a_project_that_is_renamed_twice_is_found_by_all_its_names(in_jira: Names) -> None:
    in_jira.read(record("1", "ABC-1", "https://acme.atlassian.net/browse/ABC-1"))
    named(in_jira.tracker, "ABC", "MID", "NEW")
    every = [f"{name}-1" for name in ("ABC", "mid", "NEW")]
    every += [f"https://acme.atlassian.net/browse/{code}" for code in every]
    assert in_jira.leads(*every) == ["1"] * 6
    in_jira.read(record("1", "NEW-1", "https://acme.atlassian.net/browse/NEW-1"))
    assert in_jira.leads(*every) == ["1"] * 6


@pytest.mark.parametrize("is_read_again", [False, True])
def test_a_key_that_another_project_took_over_leads_to_that_one(in_jira: Names, is_read_again: bool) -> None:  # noqa: FBT001
    url = "https://acme.atlassian.net/browse"
    in_jira.read(record("1", "ABC-1", f"{url}/ABC-1"), record("2", "ABC-2", f"{url}/ABC-2"))
    named(in_jira.tracker, "ABC", "NEW")
    if is_read_again:
        in_jira.read(record("1", "NEW-1", f"{url}/NEW-1"), record("2", "NEW-2", f"{url}/NEW-2"))
    other = in_jira.of("jira", f"{url}/ABC-9")
    in_jira.read(record("9", "ABC-1", f"{url}/ABC-1"), tracker=other)
    assert in_jira.leads("ABC-1", f"{url}/ABC-1", "NEW-1", f"{url}/NEW-1") == ["9", "9", "1", "1"]
    assert in_jira.leads("ABC-2", f"{url}/ABC-2", "NEW-2") == ["2", "2", "2"]


WAYS = ["{code}", "{code}:", "x/{number}-fix", "{url}", "see {url}?a=b#c, {url}", "({code})", "other/repo{code}", "no"]


@pytest.mark.parametrize("kind", ["jira", "gitlab"])
def test_whatever_is_matched_is_explained_so(kind: str) -> None:
    names = Names("jira", "https://acme.atlassian.net/browse/ABC") if kind == "jira" else in_gitlab()
    new, page = ("NEW", "https://acme.atlassian.net/browse/") if kind == "jira" else ("acme/new", "")
    page = page or "https://git.example/group/shop/-/issues/"
    codes = [("ABC-{}" if kind == "jira" else "#{}").format(number) for number in range(1, 5)]
    for moved in (0, 2):
        named(names.tracker, new) if moved else None
        names.read(*(record(code, codes[place - moved], f"{page}{place - moved}") for place, code in enumerate(codes)))
    names.example.rule("pattern_to_task_code", names.tracker, text_pattern=CODE, priority=-1)
    names.example.rule("always_to_task", names.tracker, target_task=f"{codes[0]}.", priority=-2)
    for number, code in enumerate(codes, 1):
        for way in WAYS:
            written = way.format(code=code, number=number, url=f"{page}{number}")
            names.example.entry(written)
            names.example.entry(external_task=written)
    ran("match_project", "example")
    told = explained("--started-from", "2026-01-01")
    assert len(told) == WorkEntry.objects.count()
    assert [each for each in told if not each["stored"]["is_up_to_date"]] == []
    assert sum(each["match"] is not None for each in told) > len(codes) * 6
