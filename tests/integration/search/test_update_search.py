from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.db.models import TextField
from django.db.models.functions import MD5, Cast
from django.utils import timezone

from backend.search import embedders
from backend.search.embedders import builtin
from backend.search.kernel.text import cleaned
from backend.search.models import SearchState, TaskChange, TaskVector
from backend.search.services import access, freshness, index
from backend.search.services.index import Scope
from backend.tracking.models import Project, Task, Tracker
from tasks.search import update_search as operation_module
from tasks.search.update_search import UpdateSearch, update_search
from tests.integration.tracking import factories
from upkeep import testing
from upkeep.operations import runner
from upkeep.operations.execution import parts
from upkeep.operations.leases import claims
from upkeep.operations.models import Run

pytestmark = pytest.mark.django_db
PARAMS = UpdateSearch(organization="acme")


@pytest.fixture
def tracker() -> Tracker:
    return factories.tracker()


def task(tracker: Tracker, title: str, description: str = "", **fields: Any) -> Task:
    code = f"#{Task.objects.count() + 1}"
    return Task.objects.create(tracker=tracker, code=code, title=title, description=description, **fields)


def stored() -> list[tuple[Any, ...]]:
    fields = "task__code", "project__code", "is_finished", "model", "content_hash"
    digest = MD5(Cast("vector", TextField()))
    return list(TaskVector.objects.order_by("pk").values_list(*fields, digest))


def embedded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that will have been embedded from now on."""
    texts: list[str] = []
    embed = builtin.BuiltinEmbedder.embed

    def noted(self: builtin.BuiltinEmbedder, given: Sequence[str]) -> Any:
        texts.extend(given)
        return embed(self, given)

    monkeypatch.setattr(builtin.BuiltinEmbedder, "embed", noted)
    return texts


def found(text: str, projects: list[Project] | None = None, *, finished_only: bool = True, limit: int = 4) -> list[str]:
    embedder = embedders.current()
    [vector] = embedder.embed([cleaned(text)])
    keys = None if projects is None else [each.pk for each in projects]
    neighbours = index.nearest(vector, Scope(embedder.name, keys, finished_only), limit)
    titles = dict(Task.objects.values_list("pk", "title"))
    return [titles[each.task] for each in neighbours]


def test_tasks_are_found_by_what_they_mean(tracker: Tracker) -> None:
    for title in ("Login page is broken", "Drucker bestellen", "Write the annual report", "VAT in invoices is wrong"):
        task(tracker, title, closed_at=timezone.now())
    assert testing.run(update_search, PARAMS).counts["created"] == 4
    assert found("Anmeldung kaputt")[0] == "Login page is broken"
    assert found("order a new printer")[0] == "Drucker bestellen"


def test_only_what_is_new_or_changed_is_embedded(tracker: Tracker, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = task(tracker, "one"), task(tracker, "two", "with a description")
    texts = embedded(monkeypatch)
    testing.run(update_search, PARAMS)
    assert sorted(texts) == ["one", "two. with a description"]
    texts.clear()
    outcome = testing.run(update_search, PARAMS)
    assert (texts, outcome.counts["created"] + outcome.counts["updated"]) == ([], 0)
    Task.objects.filter(pk=two.pk).update(description="with another")
    task(tracker, "three")
    assert testing.run(update_search, PARAMS).counts["updated"] == 1
    assert sorted(texts) == ["three", "two. with another"]
    Task.objects.filter(pk=one.pk).update(closed_at=timezone.now())
    assert testing.run(update_search, PARAMS).result["refiled"] == 1
    assert sorted(texts) == ["three", "two. with another"]
    assert found("one", finished_only=True) == ["one"]
    texts.clear()
    testing.run(update_search, PARAMS.model_copy(update={"full": True}))
    assert len(texts) == 3


@pytest.mark.parametrize("text", ["", "🎉 🎉", "…", "https://example.com"])
def test_a_task_without_text_is_left_out_and_counted(tracker: Tracker, text: str) -> None:
    changed = task(tracker, "said something once")
    task(tracker, text, text)
    assert testing.run(update_search, PARAMS).reasons == {"skipped": {"no_text": 1}}
    Task.objects.filter(pk=changed.pk).update(title=text)
    outcome = testing.run(update_search, PARAMS)
    assert outcome.reasons == {"skipped": {"no_text": 2}}
    assert (stored(), outcome.result["indexed"], outcome.result["tasks"]) == ([], 0, 2)


@pytest.mark.parametrize("description", ["x", "a", "word " * 20_000, "😀" * 50_000, "\ud7ff\uffff", "<p>" * 30_000])
def test_whatever_the_description_the_task_is_indexed(tracker: Tracker, description: str) -> None:
    task(tracker, "Fix the login", description)
    testing.run(update_search, PARAMS)
    [vector] = TaskVector.objects.values_list("vector", flat=True)
    assert sum(value * value for value in vector) == pytest.approx(1, abs=0.01)


def test_another_model_embeds_all_anew_and_its_vectors_are_never_compared_with_the_others(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, other = task(tracker, "in the shop", closed_at=timezone.now()), factories.tracker(factories.project(code="b"))
    task(other, "elsewhere", closed_at=timezone.now())
    testing.run(update_search, PARAMS)
    monkeypatch.setattr(builtin.BuiltinEmbedder, "name", "another")
    testing.run(update_search, UpdateSearch(organization="acme", project="shop"))
    assert found("elsewhere") == [shop.title]
    testing.run(update_search, PARAMS)
    assert sorted(found("elsewhere")) == ["elsewhere", shop.title]
    assert set(TaskVector.objects.values_list("model", flat=True)) == {"another"}


def test_a_search_is_limited_to_projects_and_to_what_is_finished(tracker: Tracker) -> None:
    other = factories.tracker(factories.project(code="b"))
    task(tracker, "fix the login", closed_at=timezone.now())
    task(tracker, "fix the login again")
    task(tracker, "fix the login over there", closed_at=timezone.now(), moved_to="unknown")
    task(other, "fix the login elsewhere", closed_at=timezone.now())
    testing.run(update_search, PARAMS)
    assert found("login", [tracker.project]) == ["fix the login"]
    assert len(found("login", [tracker.project], finished_only=False)) == 3
    assert len(found("login")) == 2
    assert found("login", []) == []


def test_killed_wherever_it_comes_to_the_same_end(tracker: Tracker) -> None:
    for title in ("one", "two", "", "three"):
        task(tracker, title)
    testing.assert_resumable(update_search, PARAMS, state=stored)
    testing.assert_dry_run_matches(update_search, PARAMS, state=stored)


def test_what_was_looked_at_is_noted_for_a_whole_organization(tracker: Tracker) -> None:
    newest = [task(tracker, "one"), task(tracker, "two")][-1]
    testing.run(update_search, UpdateSearch(organization="acme", project="shop"))
    assert not SearchState.objects.exists()
    testing.run(update_search, PARAMS, dry_run=True)
    assert not SearchState.objects.exists()
    testing.run(update_search, PARAMS)
    state = SearchState.objects.get(organization__code="acme")
    assert (state.last_task, state.model) == (newest.pk, embedders.current().name)


@pytest.mark.usefixtures("tracker")
def test_a_run_for_each_organization_is_enqueued() -> None:
    factories.organization("globex")
    outcome = testing.run(update_search, UpdateSearch())
    runs = Run.objects.filter(operation=update_search.name, origin="update_search")
    assert outcome.counts["created"] == 2
    assert sorted((run.params["organization"], run.exclusive_key) for run in runs) == [
        ("acme", "search:acme"), ("globex", "search:globex"),
    ]  # fmt: skip


def test_a_large_organization_is_shared_among_workers_and_ends_as_one_run(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation_module, "MIN_SPLIT", 5)
    factories.organization("small")
    for number in range(9):
        task(tracker, f"task {number}" if number else "")
    testing.run(update_search, UpdateSearch())
    runs = {run.params["organization"]: run for run in Run.objects.filter(origin="update_search")}
    assert {code: run.partitions for code, run in runs.items()} == {"acme": 4, "small": 1}
    whole = carried_out(runs["acme"])
    assert [carried_out(part).status for part in whole.parts.all()] == ["succeeded"] * 4
    assert freshness.stale(access.of(None, "acme"), embedders.current().name) == ["acme"]
    task(tracker, "made meanwhile")
    Task.objects.filter(title="task 8").update(title="changed meanwhile")
    parts.settle(whole.pk)
    whole = carried_out(whole)
    assert (whole.status, whole.result["embedded"], whole.result["without_text"]) == ("succeeded", 8, 1)
    assert (len(stored()), SearchState.objects.count(), TaskChange.objects.count()) == (8, 1, 1)
    assert freshness.stale(access.of(None, "acme"), embedders.current().name) == ["acme"]


def carried_out(run: Run) -> Run:
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)
    return Run.objects.get(pk=run.pk)


@pytest.mark.usefixtures("tracker")
@pytest.mark.parametrize(("code", "close"), [("acmee", "acme"), ("", "")])
def test_an_unknown_organization_is_refused(code: str, close: str) -> None:
    with pytest.raises(update_search.errors, match=f"there is no organization '{code}'.*{close}"):
        testing.run(update_search, UpdateSearch(organization=code))


def test_many_vectors_get_an_index_that_finds_what_a_comparison_of_all_finds(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "MIN_HNSW", 50)
    other = factories.tracker(factories.project(code="b"))
    for number in range(120):
        what = ("login page", "invoice", "printer", "annual report")[number % 4]
        name = f"{number}".translate(str.maketrans("0123456789", "aeioubdlmn"))  # digits are not embedded
        task((tracker, other)[number % 10 == 0], f"{what} {name} needs work", closed_at=timezone.now())
    testing.run(update_search, PARAMS)
    name = index.index_name(embedders.current().name)
    assert has_index(name)
    for projects in ([tracker.project, other.project], [tracker.project], [other.project]):
        compared = found("Drucker el", projects, limit=5)
        with monkeypatch.context() as patch:
            patch.setattr(index, "MAX_EXACT", 5)
            patch.setattr(index, "CANDIDATES", 60)
            assert compared == found("Drucker el", projects, limit=5)
            patch.setattr(index, "MAX_SCANNED", 5)
            assert compared == found("Drucker el", projects, limit=5)
    assert found("Drucker el", None, limit=5) == found("Drucker el", [tracker.project, other.project], limit=5)
    monkeypatch.setattr(builtin.BuiltinEmbedder, "name", "another")
    testing.run(update_search, PARAMS)
    assert has_index(index.index_name("another"))
    assert not has_index(name)


def has_index(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        return bool(cursor.fetchone() != (None,))
