"""Removing an organization: kind by kind, what refers to others first, so that no statement has to look for it.

A dry run calls what would go by its name; of what is gone, not even that is kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import models
from django.db.models import Exists, OuterRef, QuerySet

from backend.tracking.kernel.demo.team import DOMAIN, USERNAME_PREFIX
from backend.tracking.models import (
    ExternalUser,
    FormerName,
    Organization,
    OrganizationProfile,
    Task,
    TaskAssignee,
    Tracker,
    WorkEntry,
    WorkMatch,
)
from upkeep.operations.plans import Change

OF_TRACKERS = "tracker_id = ANY(%(trackers)s::uuid[])"
OF_TASKS = f"task_id IN (SELECT id FROM tracking_task WHERE {OF_TRACKERS})"  # noqa: S608 - made of constants
PLAN = """
    SELECT 'deleted' AS action, id::text AS key, {label} AS label, '{{}}'::jsonb AS fields, '' AS reason, id
    FROM {table} WHERE id BETWEEN %(first)s AND %(last)s AND {where}
"""
WRITE = "DELETE FROM {table} USING plan WHERE {table}.id = plan.id"


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one table, perhaps millions, and how they are deleted without being loaded."""

    name: str
    """For people, in the plural."""
    rows: QuerySet[Any]
    label: str
    """SQL: what a person calls a row."""
    where: str
    """SQL: which rows they are."""
    trackers: Sequence[UUID]

    @property
    def statements(self) -> dict[str, Any]:
        """What `commit_sql` wants."""
        table = self.rows.model._meta.db_table  # noqa: SLF001 - Django's documented way
        plan = PLAN.format(table=table, label=self.label, where=self.where)
        return {"plan": plan, "write": WRITE.format(table=table), "params": {"trackers": self.trackers}}


def contents(organization: Organization, *, named: bool) -> list[Kind]:
    """What its trackers have brought, and the rules; in the order in which it can go."""
    trackers = list(Tracker.objects.filter(project__organization=organization).values_list("pk", flat=True))
    assignees = TaskAssignee.objects.filter(task__tracker__in=trackers)
    entries, tasks = WorkEntry.objects.filter(tracker__in=trackers), Task.objects.filter(tracker__in=trackers)
    names = FormerName.objects.filter(task__tracker__in=trackers)
    people = ExternalUser.objects.filter(tracker__in=trackers)
    kinds = [
        Kind("work entries", entries, "coalesce(nullif(text, ''), breadcrumb)", OF_TRACKERS, trackers),
        Kind("assignees of tasks", assignees, "external_user_id::text", OF_TASKS, trackers),
        Kind("former names of tasks", names, "text", OF_TASKS, trackers),
        Kind("tasks", tasks, "code || ' ' || title", OF_TRACKERS, trackers),
        Kind("rules", WorkMatch.objects.filter(tracker__in=trackers), "match_on", OF_TRACKERS, trackers),
        Kind("external users", people, "username", OF_TRACKERS, trackers),
    ]
    return kinds if named else [replace(kind, label="''") for kind in kinds]


def frame(organization: Organization) -> dict[str, QuerySet[Any]]:
    """The few rows that hold all that, by what people call them; in the order in which they can go."""
    users = demo_users(organization)
    return {
        "trackers": Tracker.objects.filter(project__organization=organization),
        "projects": organization.projects.all(),
        "user mappings": organization.user_mappings.all(),
        "demo users": users,
        "memberships": organization.profiles.exclude(user__in=users).select_related("user", "organization"),
    }


def gone(rows: Iterable[models.Model], *, named: bool) -> list[Change]:
    """One change a row: they all go."""
    return [Change("deleted", str(row.pk), str(row) if named else "") for row in rows]


def delete(model: type[models.Model], changes: Sequence[Change]) -> None:
    """Delete these rows, with everything that refers to them."""
    model._default_manager.filter(pk__in=[change.key for change in changes]).delete()  # noqa: SLF001 - as above


def demo_users(organization: Organization) -> QuerySet[Any]:
    """Its members that were made for a demo, never signed in, and are members nowhere else."""
    profiles = OrganizationProfile.objects.filter(user=OuterRef("pk"))
    return get_user_model().objects.filter(
        Exists(profiles.filter(organization=organization)),
        ~Exists(profiles.exclude(organization=organization)),
        username__startswith=USERNAME_PREFIX,
        email__endswith=f"@{DOMAIN}",
        password__startswith=UNUSABLE_PASSWORD_PREFIX,
        last_login=None,
        is_staff=False,
        is_superuser=False,
    )
