from datetime import UTC, datetime, timedelta
from typing import Any

from backend.tracking.kernel.records import Person, TaskRecord, WorkRecord

ADA = Person("ada", "Ada L.", "ada@example.com")
MORNING = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def task_record(external_id: str = "1", **fields: Any) -> TaskRecord:
    return TaskRecord(**{"external_id": external_id, "code": f"#{external_id}", "title": "Print labels"} | fields)


def work_record(external_id: str = "1", **fields: Any) -> WorkRecord:
    values: dict[str, Any] = {
        "person": ADA,
        "text": "Label layout",
        "started_at": MORNING,
        "duration": timedelta(hours=1.5),
    }
    return WorkRecord(**{"external_id": external_id} | values | fields)
