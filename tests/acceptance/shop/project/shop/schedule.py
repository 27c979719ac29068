from upkeep.operations import ScheduleEntry

SCHEDULE = [
    ScheduleEntry("Reprice every minute", "catalogue.reprice", crontab="* * * * *", params={"percent": 10}),
]
