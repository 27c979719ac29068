"""What a configuration file may hold: its keys, and what kind of value each has.

What two values have to do with each other is looked at in `references`.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from backend.tracking.kernel.configuration.fields import (
    Code,
    FieldNames,
    Flag,
    Hours,
    Name,
    Names,
    Pattern,
    Priority,
    Secret,
    Text,
    TimeZone,
    choice,
)
from backend.tracking.kernel.configuration.items import PATTERNS
from backend.tracking.kernel.kinds import ApiKind, Fallback, MatchOn

NO_SECRET = SecretStr("")
USED = {
    MatchOn.ALWAYS_TO_TASK: ("target_task",),
    MatchOn.PATTERN_TO_TASK: ("target_task", *PATTERNS),
    MatchOn.PATTERN_TO_TASK_CODE: PATTERNS,
}
"""What a rule uses beside its sources and its priority; those of other kinds use nothing more."""


class Declared(BaseModel):
    """A mapping of the file. A key without a value is as good as absent."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nothing(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        return {key: value for key, value in content.items() if value is not None or key not in cls.model_fields}


class Profile(Declared):
    """A member of the organization."""

    username: Name


class MappedUser(Declared):
    """Who an external user is here."""

    external_username: Name
    username: Name


class UserMapping(Declared):
    """How the users of one external system are called here."""

    name: Name
    fallback: Annotated[Fallback, BeforeValidator(choice(Fallback))] = Fallback.NONE
    external_usernames_to_username: list[MappedUser] = Field(default_factory=list)


class Task(Declared):
    """A task that no tracker brings."""

    code: Name
    title: Name = ""
    description: Text = ""
    estimates: Hours | None = None


class Rule(Declared):
    """Which work entries are for a task of the tracker."""

    match_on: Annotated[MatchOn, BeforeValidator(choice(MatchOn, always=MatchOn.ALWAYS_TO_TASK))]
    source_work_trackers: Names = Field(default_factory=list)
    priority: Priority = 0
    text_pattern: Pattern = ""
    breadcrumb_trail_pattern: Pattern = ""
    target_task: Name = ""

    @property
    def ignored(self) -> list[str]:
        """The keys that say something, but nothing to a rule of this kind."""
        used = USED.get(self.match_on, ())
        return [key for key in ("target_task", *PATTERNS) if getattr(self, key) and key not in used]


class Tracker(Declared):
    """Where tasks or work entries come from."""

    name: Name
    api_kind: Annotated[ApiKind, BeforeValidator(choice(ApiKind))] | None = None
    api_location: Text = ""
    api_token: Secret = NO_SECRET
    api_username: Secret = NO_SECRET
    api_custom_assignee_fields: FieldNames = Field(default_factory=list)
    api_task_fields: FieldNames = Field(default_factory=list)
    merge_requests: Flag = False
    user_mapping: Name = ""
    tasks: list[Task] = Field(default_factory=list)
    work_matches: list[Rule] = Field(default_factory=list)


class Project(Declared):
    """What tasks and work belong to."""

    code: Code
    name: Name = ""
    trackers: list[Tracker] = Field(default_factory=list)


class Organization(Declared):
    """The organization that the file describes."""

    code: Code
    name: Name = ""
    timezone: TimeZone = "UTC"
    default_username: Name = ""
    organization_profiles: list[Profile] = Field(default_factory=list)
    user_mappings: list[UserMapping] = Field(default_factory=list)
    projects: list[Project] = Field(default_factory=list)


class File(Declared):
    """The whole file."""

    organization: Organization


class Section:
    """What stands below a key, as messages call it."""

    def __init__(self, name: str, model: type[Declared]) -> None:
        self.name = name
        self.keys = tuple(model.model_fields)


FILE = Section("file", File)
SECTIONS = {
    "organization": Section("organization", Organization),
    "organization_profiles": Section("profile", Profile),
    "user_mappings": Section("user mapping", UserMapping),
    "external_usernames_to_username": Section("mapped user", MappedUser),
    "projects": Section("project", Project),
    "trackers": Section("tracker", Tracker),
    "tasks": Section("task", Task),
    "work_matches": Section("rule", Rule),
}
"""By the key that they stand below."""
