import pytest
from pytest_django import Settings

from tests.operations.dvds import add_one
from upkeep.operations import checks, registry
from upkeep.operations.schedule import ScheduleEntry, default_schedule
from upkeep.worker.checks import check_crontabs

WRONG = {
    "UNKNOWN": (ScheduleEntry("a", "testing.ad_one", "0 0 * * *"),),
    "UNFIT": (ScheduleEntry("a", "testing.add_one", "0 0 * * *", {"limt": 1}),),
    "TWICE": (ScheduleEntry("a", "testing.add_one", "0 0 * * *"),) * 2,
}
UNKNOWN, UNFIT, TWICE = WRONG.values()
CRONTABS = ["", "0 0 * *", "0 0 * * * *", "60 0 * * *", "0 25 * * *", "x 0 * * *", "0 0 0 * *", "0 0 * 13 *"]
BAD_CRONTABS = tuple(ScheduleEntry(crontab, "testing.add_one", crontab) for crontab in CRONTABS)
GOOD_CRONTABS = tuple(
    ScheduleEntry(crontab, "testing.add_one", crontab)
    for crontab in ("* * * * *", "*/5 1-3 1,15 * mon-fri", "0 0 31 12 sun", " 0  2 * * *")
)


@pytest.mark.parametrize(
    ("name", "told", "code"),
    [
        ("UNKNOWN", "did you mean 'testing.add_one'?", "upkeep_operations.E002"),
        ("UNFIT", "did you mean 'limit'?", "upkeep_operations.E002"),
        ("TWICE", "have the same name", "upkeep_operations.E003"),
    ],
)
def test_a_schedule_that_cannot_work_fails_at_start(settings: Settings, name: str, told: str, code: str) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "SCHEDULE": f"{__name__}.{name}"}
    [problem] = checks.check_schedule()
    assert told in problem.msg
    assert problem.id == code


def test_a_crontab_that_does_not_parse_fails_at_start(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "SCHEDULE": f"{__name__}.BAD_CRONTABS"}
    assert [problem.msg.split("'")[1] for problem in check_crontabs()] == CRONTABS
    assert {problem.id for problem in check_crontabs()} == {"upkeep_worker.E001"}


def test_a_crontab_that_parses_does_not(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "SCHEDULE": f"{__name__}.GOOD_CRONTABS"}
    assert check_crontabs() == []
    assert checks.check_schedule() == []


def test_the_schedule_of_the_project_can_work() -> None:
    assert default_schedule()
    assert [*checks.check_schedule(), *check_crontabs()] == []


def test_an_operation_without_its_command_fails_at_start() -> None:
    """The operations under test have theirs in an app that is not installed here; those of the product have theirs."""
    problems = {problem.msg: problem for problem in checks.check_shims()}
    problem = problems["Operation testing.add_one has no management command."]
    assert (problem.id, problem.hint) == (
        "upkeep_operations.E001",
        "Add tasks/management/commands/add_one.py with `operation = add_one`.",
    )
    products = [found for found in registry.operations() if found.function.__module__.startswith("tasks.")]
    assert add_one not in products
    assert products
    assert not any(found.name in told for found in products for told in problems)
