"""How the items of a configuration are stored: which model, and which column for which key of the file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from backend.tracking.kernel.configuration.items import Kind
from backend.tracking.models import (
    Organization,
    OrganizationProfile,
    Project,
    Task,
    Tracker,
    UserMapping,
    WorkMatch,
)

SECRETS = {"api_token": "encrypted_token", "api_username": "encrypted_username"}
"""By the key of the file, and the attribute that encrypts it: the column."""


@dataclass(frozen=True, slots=True)
class Table:
    """Of one kind of items."""

    model: Any
    """Its class."""
    parent: str
    """The foreign key to what it is in."""
    name: str
    """The attribute that is an item's name, `__` in it for a dot; empty: there is none."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """By the key of the file."""
    condition: Mapping[str, Any] = field(default_factory=dict)
    """Which rows are items."""
    order: str = "pk"

    @property
    def rows(self) -> QuerySet[Any]:
        """All rows that are such items, in their order."""
        rows: QuerySet[Any] = self.model.objects.filter(**self.condition).order_by(self.order)
        return rows


TABLES = {
    Kind.ORGANIZATION: Table(
        Organization,
        "",
        "code",
        {"name": "name", "timezone": "time_zone", "default_username": "default_username"},
    ),
    Kind.PROFILE: Table(OrganizationProfile, "organization", "user__username"),
    Kind.USER_MAPPING: Table(
        UserMapping,
        "organization",
        "name",
        {"fallback": "fallback", "external_usernames_to_username": "usernames"},
    ),
    Kind.PROJECT: Table(Project, "organization", "code", {"name": "name"}),
    Kind.TRACKER: Table(
        Tracker,
        "project",
        "name",
        {
            "place": "place",
            "api_kind": "api_kind",
            "api_location": "api_location",
            **SECRETS,
            "api_custom_assignee_fields": "custom_assignee_fields",
            "api_task_fields": "task_fields",
            "merge_requests": "merge_requests",
            "user_mapping": "user_mapping",
        },
        order="place",
    ),
    Kind.TASK: Table(
        Task,
        "tracker",
        "code",
        {"title": "title", "description": "description", "estimates": "estimate"},
        condition={"external_id": ""},
    ),
    Kind.RULE: Table(
        WorkMatch,
        "tracker",
        "",
        {
            "match_on": "match_on",
            "source_work_trackers": "source_work_trackers",
            "text_pattern": "text_pattern",
            "breadcrumb_trail_pattern": "breadcrumb_pattern",
            "target_task": "target_task",
            "priority": "priority",
            "place": "place",
        },
        order="place",
    ),
}
