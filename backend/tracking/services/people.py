"""External users and who they are here."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Lower

from backend.tracking.kernel.kinds import Fallback
from backend.tracking.kernel.people import Member, People, distinct
from backend.tracking.kernel.records import Person
from backend.tracking.models import ExternalUser, Organization, OrganizationProfile, Tracker, UserMapping, new_id

JOIN = """
    UPDATE tracking_externaluser AS known SET external_id = met.external_id
    FROM (
        SELECT DISTINCT ON (username) username, external_id FROM unnest(%(usernames)s::text[], %(external_ids)s::text[])
            AS met (username, external_id)
        WHERE external_id <> '' AND NOT EXISTS (
            SELECT FROM tracking_externaluser AS there
            WHERE there.tracker_id = %(tracker)s AND there.external_id = met.external_id)
        ORDER BY username, external_id
    ) AS met
    WHERE known.tracker_id = %(tracker)s AND known.external_id = '' AND known.username = met.username
"""
"""Who was stored before their id was known is the first one who is met under that username."""
MEET = """
    INSERT INTO tracking_externaluser AS known (tracker_id, former_names, id, external_id, username, name, email)
    SELECT %(tracker)s, '{{}}'::text[], * FROM unnest(
        %(ids)s::uuid[], %(external_ids)s::text[], %(usernames)s::text[], %(names)s::text[], %(emails)s::text[]
    ) AS met (id, external_id, username, name, email)
    WHERE {condition}
    ON CONFLICT (tracker_id, {key}) WHERE {condition} DO UPDATE
    SET username = excluded.username,
        former_names = ARRAY(
            SELECT DISTINCT word FROM unnest(known.former_names || ARRAY[known.username, known.name]) AS word
            WHERE word NOT IN ('', excluded.username, coalesce(nullif(excluded.name, ''), known.name))
            ORDER BY word),
        name = coalesce(nullif(excluded.name, ''), known.name),
        email = coalesce(nullif(excluded.email, ''), known.email)
    WHERE excluded.username <> known.username
        OR excluded.name NOT IN ('', known.name) OR excluded.email NOT IN ('', known.email)
    RETURNING id
"""
MEET_BY_ID = MEET.format(key="external_id", condition="NOT (external_id = '')")
MEET_BY_USERNAME = MEET.format(key="username", condition="external_id = ''")


def map_users(organization: Organization) -> int:
    """Let every external user of the organization be who its mappings and its members say; returns how many changed."""
    return map_external_users(organization, ExternalUser.objects.filter(tracker__project__organization=organization))


def map_external_users(organization: Organization, external_users: QuerySet[ExternalUser]) -> int:
    """The same for some of them."""
    mapped = Mapped(organization, external_users)
    changed = []
    for external in external_users.select_related("tracker"):
        user_id = mapped.user_id(external)
        if user_id != external.user_id:
            external.user_id = user_id
            changed.append(external)
    ExternalUser.objects.bulk_update(changed, ["user"], batch_size=1000)
    return len(changed)


def namesakes(organization: Organization) -> list[str]:
    """Whom a name does not tell from somebody else of the same tracker, each name in a line that says what to do."""
    external_users = ExternalUser.objects.filter(tracker__project__organization=organization)
    mapped = Mapped(organization, external_users)
    found: dict[tuple[str, str], list[str]] = {}
    for external in external_users.select_related("tracker__project").order_by("pk"):
        if mapped.is_doubtful(external):
            tracker = f"{external.tracker.project.code}/{external.tracker.name}"
            found.setdefault((tracker, external.name or external.username), []).append(external.external_id)
    return [
        f"{tracker}: several people are called {name!r}, so that name leads to none of them; "
        f"a user mapping may name them by id: {', '.join(filter(None, ids))}"
        for (tracker, name), ids in found.items()
    ]


class Mapped:
    """Who the external users of some trackers are."""

    def __init__(self, organization: Organization, external_users: QuerySet[ExternalUser]) -> None:
        self._mappings = {mapping.name: mapping for mapping in organization.user_mappings.all()}
        named = {name for mapping in self._mappings.values() for name in mapping.usernames.values()}
        self._default = organization.default_username
        others = users_named(named | {self._default})
        self._people = People(members(organization), {user.get_username(): user.pk for user in others})
        self._distinct: dict[UUID, Person] = {}
        trackers = external_users.order_by().values("tracker")
        everybody: dict[UUID, list[ExternalUser]] = {}
        for external in ExternalUser.objects.filter(tracker__in=trackers):
            everybody.setdefault(external.tracker_id, []).append(external)
        for of_tracker in everybody.values():
            persons = distinct([external.person for external in of_tracker])
            self._distinct |= {external.pk: person for external, person in zip(of_tracker, persons, strict=True)}

    def user_id(self, external: ExternalUser) -> int | None:
        """Our user; None: nobody."""
        mapping = self._mapping(external)
        falls_back = mapping.fallback == Fallback.DEFAULT
        person = self._distinct.get(external.pk, external.person)
        return self._people.user_id(person, mapping.usernames, self._default if falls_back else "")

    def is_doubtful(self, external: ExternalUser) -> bool:
        """Whether it would be somebody else if nobody else had the same name."""
        usernames = self._mapping(external).usernames
        person = external.person
        alone = self._distinct.get(external.pk, person)
        return alone != person and self._people.user_id(alone, usernames, "") != self._people.user_id(
            person, usernames, ""
        )

    def _mapping(self, external: ExternalUser) -> UserMapping:
        return self._mappings.get(external.tracker.user_mapping) or UserMapping()


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
    """The ids of these people by their keys; who is new, or is called otherwise by now, is written."""
    last = {person.key: person for person in persons if person.key}
    if not last:
        return {}
    met = _meet(tracker, list(last.values()))
    if met:
        map_external_users(tracker.project.organization, ExternalUser.objects.filter(pk__in=met))
    ids = [person.external_id for person in last.values() if person.external_id]
    names = [person.username for person in last.values() if not person.external_id]
    found = tracker.external_users.filter(Q(external_id__in=ids) | Q(external_id="", username__in=names))
    return {external.person.key: external.pk for external in found}


def keys(external_users: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """Key and username of each of these external users."""
    found = ExternalUser.objects.filter(pk__in=set(external_users))
    return {external.pk: (external.person.key, external.username) for external in found}


def _meet(tracker: Tracker, persons: Sequence[Person]) -> list[UUID]:
    """Write these people; returns who is new or changed."""
    rows: dict[str, Any] = {
        "tracker": tracker.pk,
        "ids": [new_id() for _ in persons],
        "external_ids": [person.external_id for person in persons],
        "usernames": [person.username for person in persons],
        "names": [person.name for person in persons],
        "emails": [person.email for person in persons],
    }
    met: list[UUID] = []
    with connection.cursor() as cursor:
        if any(rows["external_ids"]):
            cursor.execute(JOIN, rows)
        for statement in (MEET_BY_ID, MEET_BY_USERNAME):
            cursor.execute(statement, rows)
            met += [pk for (pk,) in cursor.fetchall()]
    return met
