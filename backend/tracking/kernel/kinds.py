"""The choices of configuration files and of models."""

from enum import StrEnum


class ApiKind(StrEnum):
    """What kind of API a tracker has."""

    GITHUB = "github"
    GITLAB = "gitlab"
    YOUTRACK = "youtrack"
    JIRA = "jira"
    KIMAI = "kimai"
    CLOCKODO = "clockodo"
    TOGGL = "toggl"

    @property
    def brings_work(self) -> bool:
        """Whether it brings work entries; the others bring tasks."""
        return self in WORK


class Fallback(StrEnum):
    """Who an external user is that neither the mapping nor an e-mail address nor a name identifies."""

    NONE = "none"
    DEFAULT = "default"
    """The organization's default user."""


class NameKind(StrEnum):
    """By what people call a task."""

    CODE = "code"
    URL = "url"


class MatchOn(StrEnum):
    """What a rule looks at, and how it finds the task."""

    ALWAYS_TO_TASK = "always_to_task"
    EXTERNAL_TASK_ID_TO_TASK_CODE = "external_task_id_to_task_code"
    EXTERNAL_TASK_ID_TO_TASK_EXTERNAL_ID = "external_task_id_to_task_external_id"
    EXTERNAL_TASK_ID_TO_TASK_URL = "external_task_id_to_task_url"
    PATTERN_TO_TASK = "pattern_to_task"
    PATTERN_TO_TASK_CODE = "pattern_to_task_code"
    TEXT_URL_TO_TASK_URL = "text_url_to_task_url"


WORK = frozenset({ApiKind.KIMAI, ApiKind.CLOCKODO, ApiKind.TOGGL})
