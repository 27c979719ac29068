"""Members of organizations."""

from collections.abc import Iterable, Sequence

from django.contrib.auth import get_user_model

from backend.tracking.kernel.membership import joined
from backend.tracking.models import Organization, OrganizationProfile
from upkeep.operations.plans import Change


def plan(changes: Iterable[Change], organization: Organization) -> list[Change]:
    """A plan of users, whose keys are their names, in which they become members of the organization, too."""
    changes = list(changes)
    names = [change.key for change in changes]
    members = organization.profiles.filter(user__username__in=names).values_list("user__username", flat=True)
    return list(joined(changes, organization.code, set(members)))


def write(organization: Organization, changes: Sequence[Change]) -> None:
    """Make the users of that plan members; they are there by now."""
    names = [change.key for change in changes if "organization" in change.fields]
    users = get_user_model().objects.filter(username__in=names)
    OrganizationProfile.objects.bulk_create(
        [OrganizationProfile(organization=organization, user=user) for user in users],
        ignore_conflicts=True,  # somebody may have made them members just now
    )
