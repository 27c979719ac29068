"""When operations recur, unless an operator decided otherwise in the admin. Times are in settings.TIME_ZONE."""

from upkeep.operations import ScheduleEntry

SCHEDULE = (
    ScheduleEntry("Update the projects of all organizations", "tracking.update_project", "0 * * * *"),
    ScheduleEntry(
        "Read the projects of all organizations completely",
        "tracking.update_project",
        "30 1 * * 0",
        {"full": True},
    ),
    ScheduleEntry("Refresh missing details", "collection.refresh_missing_details", "0 2 * * *"),
    ScheduleEntry("Populate IMDb ids", "collection.populate_imdb_ids", "0 3 * * *"),
    ScheduleEntry(
        "Refresh torrent data of recent DVDs", "collection.refresh_torrent_data", "0 4 * * *", {"recent_only": True}
    ),
    ScheduleEntry("Update the search of all organizations", "search.update_search", "30 4 * * *"),
    ScheduleEntry("Normalize UK certifications", "collection.normalize_uk_certifications", "0 5 * * 0"),
    ScheduleEntry("Clean up unused posters", "collection.cleanup_unused_posters", "30 5 * * 0", {"delete": True}),
    ScheduleEntry("Prune runs", "housekeeping.prune_runs", "0 7 * * 0", confirm="yes"),
    ScheduleEntry("Clear expired sessions", "housekeeping.clear_sessions", "30 7 * * 0"),
    ScheduleEntry("Refresh torrent data of all DVDs", "collection.refresh_torrent_data", "0 6 1 * *"),
)
