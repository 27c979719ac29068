"""The rules by which work entries are matched with tasks."""

from enum import StrEnum


class MatchOn(StrEnum):
    """What a rule looks at, and how it finds the task."""

    ALWAYS_TO_TASK = "always_to_task"
    EXTERNAL_TASK_ID_TO_TASK_EXTERNAL_ID = "external_task_id_to_task_external_id"
    EXTERNAL_TASK_ID_TO_TASK_URL = "external_task_id_to_task_url"
    PATTERN_TO_TASK = "pattern_to_task"
    PATTERN_TO_TASK_CODE = "pattern_to_task_code"
