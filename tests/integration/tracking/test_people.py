import pytest
from django.contrib.auth import get_user_model

from backend.tracking.kernel.records import Person
from backend.tracking.models import ExternalUser, OrganizationProfile, Tracker, UserMapping
from backend.tracking.services import people
from tests.integration.tracking.factories import organization, tracker

pytestmark = pytest.mark.django_db


@pytest.fixture
def members() -> Tracker:
    """A tracker of an organization whose members are Ada and Bob."""
    acme = organization(default_username="bob")
    for username, full_name in (("ada", "Ada Lovelace"), ("bob", "Bob Birch")):
        user = get_user_model().objects.create(username=username, full_name=full_name, email=f"{username}@example.com")
        OrganizationProfile.objects.create(organization=acme, user=user)
    UserMapping.objects.create(organization=acme, name="hours", fallback="default", usernames={"al": "ada"})
    return tracker(user_mapping="hours")


def who(of: Tracker) -> dict[str, str]:
    """Our usernames by the external ones."""
    return {external.username: external.user.username if external.user else "" for external in of.external_users.all()}


def test_people_are_met_once_and_mapped_when_they_are(members: Tracker) -> None:
    met = [Person("al"), Person("x", "Ada Lovelace"), Person("y"), Person(""), Person("al", "Al")]
    first = people.known(members, met)
    assert first.keys() == {"al", "x", "y"}
    assert who(members) == {"al": "ada", "x": "ada", "y": "bob"}
    assert people.known(members, met) == first


def test_a_name_that_became_known_is_kept_and_may_tell_who_it_is(members: Tracker) -> None:
    UserMapping.objects.all().delete()
    people.known(members, [Person("z")])
    assert who(members) == {"z": ""}
    people.known(members, [Person("z", email="ada@example.com")])
    people.known(members, [Person("z", "Zed")])
    external = ExternalUser.objects.get()
    assert (external.name, external.email) == ("Zed", "ada@example.com")
    assert who(members) == {"z": "ada"}


def test_a_changed_mapping_changes_who_is_concerned_and_tells_how_many(members: Tracker) -> None:
    people.known(members, [Person("al"), Person("y")])
    UserMapping.objects.update(usernames={"al": "bob"}, fallback="none")
    owner = members.project.organization
    assert people.map_users(owner) == 2
    assert who(members) == {"al": "bob", "y": ""}
    assert people.map_users(owner) == 0
