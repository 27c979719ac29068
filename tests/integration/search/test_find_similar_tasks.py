from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from backend.accounts.models import User
from backend.search.models import SearchState, TaskVector
from backend.search.services.access import NoAccessError
from backend.search.services.freshness import NotBuiltError
from backend.search.services.similar import QueryError
from backend.tracking.models import Task
from backend.tracking.services.lookup import UnknownCodeError
from tasks.search.find_similar_tasks import FindSimilarTasks, find_similar_tasks
from tests.integration.search.conftest import DAY, MakeTask, index
from tests.integration.tracking import factories
from upkeep import testing
from upkeep.operations.errors import InvalidParamsError
from upkeep.operations.models import Run

pytestmark = pytest.mark.django_db
TITLES = ("Login page is broken", "Drucker bestellen", "Write the annual report", "VAT in invoices is wrong")


def found(text: str, **params: Any) -> dict[str, Any]:
    return dict(testing.run(find_similar_tasks, FindSimilarTasks(text=text, **params)).result)


def titles(text: str, **params: Any) -> list[str]:
    return [each["title"] for each in found(text, **params)["tasks"]]


def report() -> str:
    return "\n".join(Run.objects.latest("created_at").report)


def test_a_task_is_shown_with_all_that_helps_to_plan(task: MakeTask, member: User) -> None:
    task(TITLES[0], 3.5, code="UPK-7", url="https://t.example/UPK-7", estimate=4, owner=member)
    for title in TITLES[1:]:
        task(title)
    index()
    result = found("Anmeldung kaputt")
    assert result.keys() == {"tasks", "model", "stale"}
    assert (result["model"], result["stale"]) == ("builtin:universal-sentence-encoder-multilingual-3", False)
    assert len(result["tasks"]) == 4
    first = result["tasks"][0]
    assert 0.3 < first.pop("similarity") <= 1
    assert first == {
        "code": "UPK-7", "title": TITLES[0], "organization": "acme", "project": "shop", "url": "https://t.example/UPK-7",
        "worked_hours": 3.5, "estimated_hours": 4.0, "owner": "ann", "finished_at": DAY.isoformat(),
    }  # fmt: skip
    assert "UPK-7  Login page is broken  (acme/shop, 3.5 h worked)" in report()


def test_open_tasks_and_those_that_moved_are_left_out_but_open_ones_can_be_asked_for(task: MakeTask) -> None:
    task("Login is broken", closed_at=None)
    task("Login broke", moved_to="unknown")
    task("Order a printer")
    index()
    assert titles("login broken") == ["Order a printer"]
    assert titles("login broken", open=True, max_results=1) == ["Login is broken"]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("ABC-123", "Ship it (ABC-123)"),
        ("abc-77", "Named by its code"),
        ("#4711", "Numbered"),
        ("Zugferd", "New ZUGFeRD-Export for invoices"),
        ("zugferd-export", "New ZUGFeRD-Export for invoices"),
        ("Holzer & Söhne", "Reminder for Holzer & Söhne, overdue"),
        ("https://t.example/issues/9", "At an address"),
        ("is like http://T.example/issues/9?x=1 (see there)", "At an address"),
        ("like ABC-77, but in green", "Named by its code"),
        ("Xylander", "Mentions a customer"),
        ("„Zugferd“?", "New ZUGFeRD-Export for invoices"),
        ("Xylander & Cie", "Mentions a customer"),
        ("100 %", "Raise to 100 % of all"),
    ],
)
def test_a_code_an_address_or_a_name_is_found_whatever_is_more_similar(task: MakeTask, text: str, title: str) -> None:
    for number in range(20):
        task(f"Ship {number} of the exports of invoices, ABC and so on: it is overdue")
    task("Ship it (ABC-123)")
    task("Named by its code", code="ABC-77")
    task("Numbered", code="#4711")
    task("New ZUGFeRD-Export for invoices")
    task("Reminder for Holzer & Söhne, overdue")
    task("At an address", url="https://t.example/issues/9")
    task("Mentions a customer", description="They called: Xylander & Cie want it.")
    task("Raise to 100 % of all")
    index()
    assert titles(text)[0] == title


@pytest.mark.usefixtures("member")
def test_a_user_sees_the_organizations_that_they_are_a_member_of(task: MakeTask) -> None:
    other = factories.tracker(factories.project(factories.organization("other"), "p"))
    task("Login broken here")
    task("Login broken there", on=other, code="SECRET-1", url="https://t.example/1")
    index()
    index("other")
    assert len(titles("login broken")) == 2
    assert titles("login broken", username="ANN") == ["Login broken here"]
    assert titles("there", username="ann") == ["Login broken here"]
    for text in ("SECRET-1", "https://t.example/1"):
        with pytest.raises(QueryError, match="no task that may be found has the code or address"):
            found(text, username="ann")
    assert titles("login broken", organization="other") == ["Login broken there"]
    with pytest.raises(NoAccessError, match="'ann' is not a member of organization 'other'"):
        found("login broken", username="ann", organization="other")
    User.objects.create(username="root", is_superuser=True)
    assert len(titles("login broken", username="root")) == 2


@pytest.mark.usefixtures("member")
def test_who_or_what_is_not_there_is_named_with_what_may_have_been_meant(task: MakeTask) -> None:
    task("Login is broken")
    index()
    with pytest.raises(NoAccessError, match="there is no user 'anm': did you mean 'ann'"):
        found("login", username="anm")
    with pytest.raises(UnknownCodeError, match="there is no organization 'acne': did you mean 'acme'"):
        found("login", organization="acne")
    with pytest.raises(UnknownCodeError) as raised:
        found("login", organization="x" * 100_000)
    assert len(str(raised.value)) < 200
    User.objects.create(username="bob")
    with pytest.raises(NoAccessError, match="'bob' is a member of no organization"):
        found("login", username="bob")
    User.objects.filter(username="ann").update(is_active=False)
    with pytest.raises(NoAccessError, match="'ann' is not active"):
        found("login", username="ann")


@pytest.mark.parametrize("text", ["", " ", "x", "🎉🎉", "…"])
def test_a_text_that_says_nothing_is_refused(task: MakeTask, text: str) -> None:
    task("Login is broken")
    index()
    with pytest.raises(QueryError, match=r"says too little .*: describe the task"):
        found(text)


@pytest.mark.parametrize("code", ["XYZ-999", "#99999", "12", "https://t.example/issues/9"])
def test_a_code_alone_that_no_task_has_is_refused_and_open_tasks_are_suggested(task: MakeTask, code: str) -> None:
    task("Login is broken")
    task("Order paper", code=code, url=code, closed_at=None)
    index()
    with pytest.raises(QueryError, match=f"has the code or address '{code}', or names it: --open searches open tasks"):
        found(code)
    assert titles(code, open=True)[0] == "Order paper"


def test_a_text_that_is_far_too_long_is_refused_and_a_long_one_is_cut(task: MakeTask) -> None:
    task("Login is broken")
    index()
    assert titles("login is broken " * 600) == ["Login is broken"]
    with pytest.raises(
        InvalidParamsError, match=r"should be shortened to 10,000 characters, which are looked at, from 100,000"
    ):
        FindSimilarTasks.parse({"text": "x" * 100_000})


def test_an_index_that_is_missing_is_an_error_and_one_that_lacks_tasks_says_so(task: MakeTask) -> None:
    task("Login is broken")
    with pytest.raises(NotBuiltError, match="the index of acme is not built yet: run `update_search acme`"):
        found("login", organization="acme")
    index()
    assert found("login page")["stale"] is False
    task("Login page fails")
    assert found("login page")["stale"] is True
    assert "not all tasks of acme are in the index as they are now: run `update_search acme`" in report()
    index()
    assert found("login page")["stale"] is False


@pytest.mark.parametrize(
    ("change", "is_stale"),
    [
        ({"title": "Order pens"}, True),
        ({"description": "Blue ones"}, True),
        ({"closed_at": None}, True),
        ({"moved_to": "unknown"}, True),
        ({"code": "#2000", "estimate": 3, "closed_at": timezone.now()}, False),
    ],
)
def test_an_index_that_does_not_know_a_change_says_so_whatever_is_found(
    task: MakeTask, change: dict[str, Any], *, is_stale: bool
) -> None:
    task("Login page is broken")
    changed = task("Order paper")
    index()
    Task.objects.filter(pk=changed.pk).update(**change)
    assert found("login page", max_results=1)["stale"] is is_stale
    index()
    assert found("login page")["stale"] is False


def test_an_index_of_another_model_is_not_searched(task: MakeTask) -> None:
    task("Login is broken")
    index()
    TaskVector.objects.update(model="ollama:old@1:512")
    SearchState.objects.update(model="ollama:old@1:512")
    with pytest.raises(
        NotBuiltError, match=r"was made with ollama:old@1:512, and the settings name builtin.*`update_search"
    ):
        found("login")


def test_nothing_finished_is_said(task: MakeTask) -> None:
    task("Login is broken", closed_at=None)
    index()
    assert titles("login") == []
    assert "no task that is finished can be searched: --open searches open ones" in report()


def test_a_filter_makes_results_neither_few_nor_wrong(task: MakeTask) -> None:
    other = factories.tracker(factories.project(factories.organization("large"), "p"))
    Task.objects.bulk_create(
        Task(
            tracker=other,
            external_id=str(n),
            code=f"#{n}",
            title=f"Login is broken, {n} times",
            closed_at=timezone.now(),
        )
        for n in range(300)
    )
    for title in TITLES:
        task(title)
    index()
    index("large")
    assert sorted(titles("login is broken", organization="acme")) == sorted(TITLES)


def test_the_command_says_what_it_found_and_ends_with_an_error_line_otherwise(
    task: MakeTask, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    task("Login is broken", 2)
    index()
    call_command("find_similar_tasks", "login")
    assert "#1  Login is broken  (acme/shop, 2.0 h worked)" in capsys.readouterr().out
    settings.EMBEDDER = "builtln"
    with pytest.raises(CommandError, match="EMBEDDER must be one of builtin, ollama"):
        call_command("find_similar_tasks", "login")
