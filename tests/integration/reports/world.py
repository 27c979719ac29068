"""Two organizations with tasks, work, and every case that the views tell apart."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from backend.collection.models import DVD
from backend.tracking.models import Task, Tracker
from tests.integration.tracking.projects import Example
from upkeep.operations.models import Run

EVENING = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
"""In Vienna it is April by then."""
DOWNLOADED = datetime(2026, 4, 2, 6, tzinfo=UTC)


class World:
    """Acme in Vienna, and Umbra in New York."""

    def __init__(self) -> None:
        self.acme = Example("acme", "shop", name="Acme", time_zone="Europe/Vienna")
        self.umbra = Example("umbra", "site", name="Umbra", time_zone="America/New_York")
        Tracker.objects.filter(name="hours").update(downloaded_at=DOWNLOADED)
        self.ann, self.stranger = self.acme.person("ann"), self.acme.person("ext", is_known=False)
        self.task = self._task(self.acme, "#1", estimate=Decimal("2.5"), closed_at=EVENING)
        self.moved = self._task(self.acme, "#2", closed_at=EVENING, moved_to="unknown", state="moved")
        self.other = self._task(self.umbra, "#1")
        rule = self.acme.rule("always_to_task", target_task="#1")
        for hours, person in ((1, self.ann), (0.5, self.ann), (1 / 3, self.stranger), (1 / 7, None)):
            self.acme.entry(
                "=1+1", hours=hours, external_user=person, task=self.task, matched_by=rule, started_at=EVENING
            )
        self.acme.entry("lunch", hours=0.7, external_user=self.ann, started_at=EVENING)
        self.acme.entry("lost", hours=0.2, external_user=self.ann, looked_for="#404", started_at=EVENING)
        self.umbra.entry("night", hours=3, task=self.other, started_at=EVENING)
        assigned = [self.acme.person(name, tracker=self.acme.tasks) for name in ("ann", "bob")]
        self.acme.assign(self.task, assigned[0])
        self.acme.assign(self.task, assigned[1], is_current=False)
        DVD.objects.create(name="Heat", runtime=170)
        self.run = Run.objects.create(
            operation="tracking.update_project",
            origin="beat: at night",
            status="succeeded",
            params={"organization": "hidden parameter"},
            counts={"processed": 3, "updated": 2, "failed": 1},
            reasons={"failed": {"not_found": 1}},
            started_at=EVENING,
            finished_at=EVENING + timedelta(seconds=90),
            attempt=2,
        )

    def _task(self, of: Example, code: str, **columns: Any) -> Task:
        return of.task(code, **columns)
