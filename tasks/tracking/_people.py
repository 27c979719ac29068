"""Who external users are, as several operations find it out."""

from backend.tracking.models import Organization
from backend.tracking.services import people
from upkeep.operations import RunContext


def map_people(organization: Organization, run: RunContext) -> None:
    """Map the people of its trackers to users, by its present mappings and members."""
    run.apply(lambda: {"remapped_people": people.map_users(organization)})
    if number := run.tally.get("remapped_people", 0):
        run.report(f"{number:,} people of its trackers are now other users", remapped_people=number)
    for line in people.namesakes(organization):
        run.log(line)
