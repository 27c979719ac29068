from upkeep.operations import adopt_command

clear_sessions = adopt_command(
    "clearsessions",
    name="housekeeping.clear_sessions",
    summary="Delete the sessions of users whose login has expired, by Django's clearsessions.",
    exclusive="housekeeping:sessions",
    time_limit=3600,
    repeatable=True,
    examples=(("", "Delete them."), ("--enqueue", "Let a worker do it.")),
)
