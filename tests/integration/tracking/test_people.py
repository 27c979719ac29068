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


def test_who_is_renamed_stays_one_person(members: Tracker) -> None:
    first = people.known(members, [Person("al", "Al", external_id="7")])
    assert people.known(members, [Person("allie", "Allie", external_id="7")]) == first
    external = ExternalUser.objects.get()
    assert (external.username, external.name, external.external_id) == ("allie", "Allie", "7")
    assert who(members) == {"allie": "ada"}  # whom the mapping knows as al
    UserMapping.objects.update(usernames={"al": "ada", "7": "bob"})
    assert people.map_users(members.project.organization) == 1
    assert who(members) == {"allie": "bob"}


def test_who_had_the_name_of_a_member_when_they_were_mapped_stays_that_member(members: Tracker) -> None:
    for name in ("Ada Lovelace", "Ada King", "Ada K."):
        people.known(members, [Person("x", name, external_id="7")])
        assert who(members) == {"x": "ada"}
    assert ExternalUser.objects.get().former_names == ["Ada King", "Ada Lovelace"]
    people.known(members, [Person("y", "Ada Lovelace", external_id="8")])
    people.map_users(members.project.organization)
    assert who(members) == {"x": "bob", "y": "ada"}


def test_two_of_one_name_stay_two_and_a_mapping_tells_them_apart_by_id(members: Tracker) -> None:
    UserMapping.objects.update(fallback="none", usernames={"Ada Lovelace": "ada"})
    one, other = (Person("Ada Lovelace", "Ada Lovelace", external_id=number) for number in ("5", "6"))
    assert people.known(members, [one]).keys() == {"5"}
    assert who(members) == {"Ada Lovelace": "ada"}
    assert people.known(members, [one, other]).keys() == {"5", "6"}
    owner = members.project.organization
    people.map_users(owner)
    assert not ExternalUser.objects.filter(user__isnull=False).exists()
    (line,) = people.namesakes(owner)
    assert line.startswith("shop/code: several people are called 'Ada Lovelace'")
    assert line.endswith("by id: 5, 6")
    UserMapping.objects.update(usernames={"5": "ada", "6": "bob"})
    people.map_users(owner)
    assert dict(ExternalUser.objects.values_list("external_id", "user__username")) == {"5": "ada", "6": "bob"}
    assert people.namesakes(owner) == []


def test_namesakes_whom_nobody_would_know_anyway_are_not_worth_a_line(members: Tracker) -> None:
    people.known(members, [Person("Zed", "Zed", external_id=number) for number in ("5", "6")])
    assert people.namesakes(members.project.organization) == []


def test_somebody_stored_by_name_is_the_first_one_of_that_name_who_comes_with_an_id(members: Tracker) -> None:
    before = people.known(members, [Person("Zed", "Zed")])["Zed"]
    after = people.known(members, [Person("Zed", "Zed", external_id=number) for number in ("5", "6")])
    assert after["5"] == before
    assert after["6"] != before
    assert people.known(members, [Person("Zed", "Zed", external_id="7")])["7"] not in {*after.values()}
    assert ExternalUser.objects.count() == 3


def test_a_login_that_somebody_else_took_over_is_another_person(members: Tracker) -> None:
    first = people.known(members, [Person("ada", external_id="1")])["1"]
    assert people.known(members, [Person("ada", external_id="2")])["2"] != first
    people.known(members, [Person("ada-l", external_id="1")])
    people.map_users(members.project.organization)
    assert who(members) == {"ada": "ada", "ada-l": "bob"}


def test_an_external_user_is_found_by_the_username_of_a_member_whatever_its_case(members: Tracker) -> None:
    people.known(members, [Person("ADA")])
    assert who(members) == {"ADA": "ada"}
