import pytest
from pytest_django import Settings

import tests.operations.dvds  # noqa: F401 - declares operations
from upkeep.operations import checks
from upkeep.operations.schedule import ScheduleEntry, default_schedule
from upkeep.worker import checks as worker_checks

WRONG = {
    "UNKNOWN": (ScheduleEntry("a", "testing.ad_one", "0 0 * * *"),),
    "UNFIT": (ScheduleEntry("a", "testing.add_one", "0 0 * * *", {"limt": 1}),),
    "TWICE": (ScheduleEntry("a", "testing.add_one", "0 0 * * *"),) * 2,
}
UNKNOWN, UNFIT, TWICE = WRONG.values()
UNITERABLE = 1
TEXTS = ["testing.add_one"]
CRONTABS = ["", "0 0 * *", "0 0 * * * *", "60 0 * * *", "0 25 * * *", "x 0 * * *", "0 0 0 * *", "0 0 * 13 *"]
BAD_CRONTABS = tuple(ScheduleEntry(crontab, "testing.add_one", crontab) for crontab in CRONTABS)
GOOD_CRONTABS = tuple(
    ScheduleEntry(crontab, "testing.add_one", crontab)
    for crontab in ("* * * * *", "*/5 1-3 1,15 * mon-fri", "0 0 31 12 sun", " 0  2 * * *")
)


@pytest.mark.parametrize(
    ("name", "told", "code"),
    [
        ("UNKNOWN", "did you mean 'testing.add_one'?", "upkeep_operations.E031"),
        ("UNFIT", "did you mean 'limit'?", "upkeep_operations.E031"),
        ("TWICE", "have the same name", "upkeep_operations.E032"),
    ],
)
def test_a_schedule_that_cannot_work_fails_at_start(settings: Settings, name: str, told: str, code: str) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "SCHEDULE": f"{__name__}.{name}"}
    [problem] = checks.check_schedule()
    assert told in problem.msg
    assert problem.id == code


def test_a_crontab_that_does_not_parse_fails_at_start(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "SCHEDULE": f"{__name__}.BAD_CRONTABS"}
    assert [problem.msg.split("'")[1] for problem in worker_checks.check_schedule()] == CRONTABS
    assert {problem.id for problem in worker_checks.check_schedule()} == {"upkeep_worker.E004"}


def test_a_crontab_that_parses_does_not(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "SCHEDULE": f"{__name__}.GOOD_CRONTABS"}
    assert worker_checks.check_schedule() == []
    assert checks.check_schedule() == []


def test_the_schedule_of_the_project_can_work() -> None:
    assert default_schedule()
    assert [*checks.check_schedule(), *worker_checks.check_schedule()] == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("tasks.schedul.SCHEDULE", "No module named 'tasks.schedul'"),
        ("tasks.schedule.SCHEDUL", 'does not define a "SCHEDUL"'),
        ("SCHEDULE", "doesn't look like a module path"),
        (f"{__name__}.UNITERABLE", "is not iterable"),
        (f"{__name__}.TEXTS", "which holds 'testing.add_one'"),
    ],
)
def test_a_path_that_leads_to_no_schedule_is_named(settings: Settings, path: str, told: str) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "SCHEDULE": path}
    [problem] = checks.check_schedule()
    assert problem.id == "upkeep_operations.E030"
    assert problem.msg.startswith(f'UPKEEP["SCHEDULE"] is {path!r}')
    assert told in problem.msg
    assert worker_checks.check_schedule() == []


def test_settings_that_cannot_be_read_are_one_problem_and_do_not_hide_others(settings: Settings) -> None:
    settings.UPKEEP = {"SCHEDUL": "a.b"}
    settings.USE_TZ = False
    misspelt, zone = checks.check_settings()
    assert (misspelt.id, zone.id) == ("upkeep_operations.E001", "upkeep_operations.E002")
    assert misspelt.msg == "unknown UPKEEP setting 'SCHEDUL' (did you mean 'SCHEDULE'?)."
    assert [*checks.check_schedule(), *checks.check_commands()] == []
    assert [*worker_checks.check_schedule(), *worker_checks.check_celery_app()] == []
