"""The external systems that a tracker may be."""

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


WORK = frozenset({ApiKind.KIMAI, ApiKind.CLOCKODO, ApiKind.TOGGL})
