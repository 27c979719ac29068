import pytest
from django.core.management import call_command
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from pytest_django import Settings

from tests.operations import dvds  # noqa: F401 - declares the operations below
from upkeep.operations.schedule import ScheduleEntry
from upkeep.worker.models import SynchronisedEntry
from upkeep.worker.schedules import synchronise

pytestmark = pytest.mark.django_db

ENTRY = ScheduleEntry("Nightly", "testing.add_one", "0 2 * * *", {"limit": 3})
LATER = ScheduleEntry("Nightly", "testing.add_one", "30 4 * * 1", {"limit": 5})
GIVEN_BY_MIGRATE = (ScheduleEntry("From migrate", "testing.add_one", "0 1 * * *"),)


@pytest.fixture(autouse=True)
def _empty_schedule() -> None:
    PeriodicTask.objects.all().delete()
    SynchronisedEntry.objects.all().delete()


def entry(name: str = "Nightly") -> PeriodicTask:
    """The entry as Beat has it."""
    return PeriodicTask.objects.get(name=name)


def told(task: PeriodicTask) -> tuple[str, str, str, bool]:
    """What matters of it."""
    assert task.crontab
    minute, hour, weekday = task.crontab.minute, task.crontab.hour, task.crontab.day_of_week
    return task.task, f"{minute} {hour} {weekday}", task.kwargs, task.enabled


def test_the_first_time_every_entry_is_created() -> None:
    synchronise([ENTRY])
    assert told(entry()) == ("testing.add_one", "0 2 *", '{"limit": 3}', True)
    assert str(entry().crontab.timezone) == "UTC"


def test_what_the_operator_left_alone_follows_the_code() -> None:
    synchronise([ENTRY])
    synchronise([LATER])
    assert told(entry()) == ("testing.add_one", "30 4 1", '{"limit": 5}', True)


def test_nothing_changes_when_nothing_changed() -> None:
    synchronise([ENTRY])
    before = PeriodicTask.objects.values().get()
    synchronise([ENTRY])
    assert PeriodicTask.objects.values().get() == before


def test_a_crontab_that_the_operator_chose_stays_and_the_rest_follows() -> None:
    synchronise([ENTRY])
    task = entry()
    task.crontab = CrontabSchedule.objects.create(minute="7", hour="7")
    task.save()
    synchronise([LATER])
    assert told(entry()) == ("testing.add_one", "7 7 *", '{"limit": 5}', True)


def test_params_that_the_operator_chose_stay_and_the_rest_follows() -> None:
    synchronise([ENTRY])
    PeriodicTask.objects.update(kwargs='{"limit": 9}')
    synchronise([LATER])
    assert told(entry()) == ("testing.add_one", "30 4 1", '{"limit": 9}', True)


def test_an_entry_that_the_operator_switched_off_stays_off() -> None:
    synchronise([ENTRY])
    PeriodicTask.objects.update(enabled=False)
    synchronise([LATER])
    assert told(entry()) == ("testing.add_one", "30 4 1", '{"limit": 5}', False)


def test_an_entry_that_the_operator_deleted_stays_deleted() -> None:
    synchronise([ENTRY])
    PeriodicTask.objects.all().delete()
    synchronise([ENTRY])
    synchronise([])
    synchronise([LATER])
    assert not PeriodicTask.objects.exists()


def test_an_entry_of_the_operators_own_is_left_alone() -> None:
    crontab = CrontabSchedule.objects.create(minute="1")
    PeriodicTask.objects.create(name="Nightly", task="testing.remove_dvds", crontab=crontab)
    PeriodicTask.objects.create(name="Mine", task="testing.remove_dvds", crontab=crontab)
    synchronise([ENTRY])
    synchronise([])
    assert [told(entry(name))[:2] for name in ("Nightly", "Mine")] == [("testing.remove_dvds", "1 * *")] * 2


def test_an_entry_that_is_gone_from_the_code_is_switched_off_and_back_on_when_it_returns() -> None:
    synchronise([ENTRY])
    synchronise([])
    assert not entry().enabled
    synchronise([])
    assert not entry().enabled
    synchronise([LATER])
    assert told(entry()) == ("testing.add_one", "30 4 1", '{"limit": 5}', True)


def test_an_entry_that_the_operator_switched_off_before_it_was_gone_stays_off_when_it_returns() -> None:
    synchronise([ENTRY])
    PeriodicTask.objects.update(enabled=False)
    synchronise([])
    synchronise([ENTRY])
    assert not entry().enabled


def test_an_entry_that_the_operator_switched_on_again_while_it_was_gone_stays_on() -> None:
    synchronise([ENTRY])
    synchronise([])
    PeriodicTask.objects.update(enabled=True)
    synchronise([])
    assert entry().enabled


def test_the_same_crontab_twice_in_the_admin_does_no_harm() -> None:
    for _ in range(2):
        CrontabSchedule.objects.create(minute="0", hour="2", timezone="UTC")
    synchronise([ENTRY])
    assert told(entry())[1] == "0 2 *"


def test_blanks_in_a_crontab_do_not_look_like_an_operators_change() -> None:
    synchronise([ScheduleEntry("Nightly", "testing.add_one", " 0  2 * * *")])
    synchronise([LATER])
    assert told(entry())[1] == "30 4 1"


def test_an_operation_that_was_renamed_keeps_its_entry() -> None:
    synchronise([ENTRY])
    synchronise([ScheduleEntry("Nightly", "remove_dvds", ENTRY.crontab, {})])
    assert told(entry())[:3] == ("testing.remove_dvds", "0 2 *", "{}")


def test_migrating_synchronises(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "SCHEDULE": f"{__name__}.GIVEN_BY_MIGRATE"}
    call_command("migrate", verbosity=0)
    assert told(entry("From migrate"))[0] == "testing.add_one"


# ---- the zone


def zone(name: str = "Nightly") -> str:
    """The zone whose clock decides when the entry is due."""
    return str(entry(name).crontab.timezone)


def test_a_changed_time_zone_reaches_an_entry_that_nobody_changed(settings: Settings) -> None:
    synchronise([ENTRY])
    settings.TIME_ZONE = "Europe/Berlin"
    synchronise([ENTRY])
    assert (zone(), told(entry())[1]) == ("Europe/Berlin", "0 2 *")
    settings.TIME_ZONE = "Asia/Tokyo"
    synchronise([LATER])
    assert (zone(), told(entry())[1]) == ("Asia/Tokyo", "30 4 1")


def test_a_zone_that_the_operator_chose_stays_and_the_rest_follows(settings: Settings) -> None:
    synchronise([ENTRY])
    task = entry()
    task.crontab = CrontabSchedule.objects.create(minute="0", hour="2", timezone="America/Lima")
    task.save()
    settings.TIME_ZONE = "Europe/Berlin"
    synchronise([LATER])
    assert (zone(), told(entry())[1]) == ("America/Lima", "30 4 1")


def test_a_zone_that_the_operator_chose_by_editing_the_crontab_itself_stays(settings: Settings) -> None:
    synchronise([ENTRY])
    CrontabSchedule.objects.filter(pk=entry().crontab.pk).update(timezone="America/Lima")
    settings.TIME_ZONE = "Europe/Berlin"
    synchronise([ENTRY])
    assert zone() == "America/Lima"


def test_the_zone_follows_where_the_operator_chose_the_hour_alone(settings: Settings) -> None:
    synchronise([ENTRY])
    task = entry()
    task.crontab = CrontabSchedule.objects.create(minute="7", hour="7", timezone="UTC")
    task.save()
    settings.TIME_ZONE = "Europe/Berlin"
    synchronise([ENTRY])
    assert (zone(), told(entry())[1]) == ("Europe/Berlin", "7 7 *")


def test_an_interval_that_the_operator_chose_stays_whatever_the_zone(settings: Settings) -> None:
    synchronise([ENTRY])
    task = entry()
    task.crontab, task.interval = None, IntervalSchedule.objects.create(every=1, period="hours")
    task.save()
    settings.TIME_ZONE = "Europe/Berlin"
    synchronise([LATER])
    assert (entry().crontab, entry().interval, entry().kwargs) == (None, task.interval, '{"limit": 5}')


def test_an_entry_that_an_earlier_release_wrote_keeps_its_zone(
    settings: Settings,
) -> None:
    synchronise([ENTRY])
    known = SynchronisedEntry.objects.get()
    del known.definition["timezone"]  # which earlier releases did not note
    known.save()
    settings.TIME_ZONE = "Europe/Berlin"
    synchronise([ENTRY])
    assert zone() == "UTC"
