"""External users and who they are here."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.functions import Lower

from backend.tracking.kernel.kinds import Fallback
from backend.tracking.kernel.people import Member, People
from backend.tracking.kernel.records import Person
from backend.tracking.models import ExternalUser, Organization, OrganizationProfile, Tracker, UserMapping, new_id

MEET = """
    INSERT INTO tracking_externaluser AS known (tracker_id, id, username, name, email)
    SELECT %s, * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) AS met (id, username, name, email)
    ON CONFLICT (tracker_id, username) DO UPDATE
    SET name = coalesce(nullif(excluded.name, ''), known.name),
        email = coalesce(nullif(excluded.email, ''), known.email)
    WHERE excluded.name NOT IN ('', known.name) OR excluded.email NOT IN ('', known.email)
    RETURNING id
"""


def map_users(organization: Organization) -> int:
    """Let every external user of the organization be who its mappings and its members say; returns how many changed."""
    return map_external_users(organization, ExternalUser.objects.filter(tracker__project__organization=organization))


def map_external_users(organization: Organization, external_users: QuerySet[ExternalUser]) -> int:
    """The same for some of them."""
    mappings = {mapping.name: mapping for mapping in organization.user_mappings.all()}
    named = {name for mapping in mappings.values() for name in mapping.usernames.values()}
    others = users_named(named | {organization.default_username})
    people = People(members(organization), {user.get_username(): user.pk for user in others})
    changed = []
    for external in external_users.select_related("tracker"):
        mapping = mappings.get(external.tracker.user_mapping, UserMapping())
        falls_back = mapping.fallback == Fallback.DEFAULT
        person = Person(external.username, external.name, external.email)
        user_id = people.user_id(person, mapping.usernames, organization.default_username if falls_back else "")
        if user_id != external.user_id:
            external.user_id = user_id
            changed.append(external)
    ExternalUser.objects.bulk_update(changed, ["user"], batch_size=1000)
    return len(changed)


def users_named(usernames: Iterable[str]) -> list[AbstractBaseUser]:
    """Those of the users who exist. Upper and lower case are the same name."""
    names = [Lower(Value(name)) for name in set(usernames) if name]
    return list(get_user_model().objects.alias(lowered=Lower("username")).filter(lowered__in=names) if names else ())


def members(organization: Organization) -> list[Member]:
    """The users who belong to the organization."""
    profiles = OrganizationProfile.objects.filter(organization=organization).select_related("user")
    return [
        Member(profile.user.pk, profile.user.get_username(), (profile.user.get_full_name(),), profile.user.email)
        for profile in profiles
    ]


def known(tracker: Tracker, persons: Iterable[Person]) -> dict[str, UUID]:
    """The ids of these people by their external usernames; who is new, or has another name by now, is written."""
    last = {person.username: person for person in persons if person.username}
    if not last:
        return {}
    met_people = list(last.values())
    columns = ([new_id() for _ in last], list(last), [p.name for p in met_people], [p.email for p in met_people])
    with connection.cursor() as cursor:
        cursor.execute(MEET, [tracker.pk, *columns])
        met = [pk for (pk,) in cursor.fetchall()]
    if met:
        map_external_users(tracker.project.organization, ExternalUser.objects.filter(pk__in=met))
    return dict(tracker.external_users.filter(username__in=last).values_list("username", "pk"))
