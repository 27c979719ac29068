"""Which projects somebody may search."""

from dataclasses import dataclass

from django.contrib.auth import get_user_model

from backend.tracking.kernel.configuration.problems import suggestion
from backend.tracking.models import Organization, Project
from backend.tracking.services import lookup
from backend.tracking.services.people import users_named
from upkeep.validation import shortened


class NoAccessError(Exception):
    """There is no such user, or nothing that they may see; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Access:
    """Some organizations with all their projects."""

    organizations: list[Organization]
    projects: list[Project]
    is_limited: bool
    """Whether there are others."""


def of(username: str | None, organization_code: str | None) -> Access:
    """What a user may search, in one organization or in all; without a user, everything.

    A user sees the organizations that they are a member of, an active superuser all.

    Raises:
        NoAccessError: no such user, or no organization of theirs.
        UnknownCodeError: no such organization.
    """
    found = Organization.objects.order_by("code")
    if username is not None and not (user := _user(username)).is_superuser:
        found = found.filter(profiles__user=user)
        if not found.exists():
            raise NoAccessError(f"user {username!r} is a member of no organization: update_organization adds members")
    if organization_code is not None:
        owner = lookup.organization(organization_code)
        found = found.filter(pk=owner.pk)
        if not found.exists():
            raise NoAccessError(f"user {username!r} is not a member of organization {organization_code!r}")
    organizations = list(found)
    projects = list(Project.objects.filter(organization__in=organizations).select_related("organization"))
    return Access(organizations, projects, is_limited=username is not None or organization_code is not None)


def _user(username: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - AUTH_USER_MODEL's
    user = next(iter(users_named([username])), None)
    if user is None:
        known = list(get_user_model().objects.values_list("username", flat=True))
        raise NoAccessError(f"there is no user {shortened(username)}: {suggestion(username, known)}")
    if not user.is_active:
        raise NoAccessError(f"user {username!r} is not active, and may see nothing")
    return user
