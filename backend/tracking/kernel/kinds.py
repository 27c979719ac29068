"""The external systems that a tracker may be, and who their people are."""

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
    """Who an external user is that neither the mapping nor an e-mail address nor a name tells."""

    NONE = "none"
    DEFAULT = "default"
    """The organization's default user."""


WORK = frozenset({ApiKind.KIMAI, ApiKind.CLOCKODO, ApiKind.TOGGL})
