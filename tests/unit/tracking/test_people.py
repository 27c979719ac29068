import pytest

from backend.tracking.kernel.people import Member, People
from backend.tracking.kernel.records import Person

ADA = Member(1, "ada", ("Ada Lovelace",), "ada@example.com")
BOB = Member(2, "bob@example.com", ("Bob Birch",), "")
NAMESAKES = [Member(3, "ann1", ("Ann Roux",), "a@example.com"), Member(4, "ann2", ("ann roux",), "A@example.com")]


@pytest.mark.parametrize(
    ("person", "user_id"),
    [
        (Person("al", "Ada Lovelace", "ada@example.com"), 2),  # the mapping says so
        (Person("x", "", "ADA@example.com"), 1),
        (Person("ada@example.com"), 1),
        (Person("x", "  ada LOVELACE "), 1),
        (Person("Bob Birch"), 2),
        (Person("x", "Ann Roux"), None),
        (Person("x", "", "a@example.com"), None),
        (Person("nobody"), None),
        (Person("", "", ""), None),
    ],
)
def test_a_person_is_who_the_mapping_the_address_or_the_name_says(person: Person, user_id: int | None) -> None:
    assert People([ADA, BOB, *NAMESAKES]).user_id(person, {"al": "BOB@example.com"}, "") == user_id


def test_who_is_not_known_is_the_default_user_if_there_is_one() -> None:
    assert People([ADA]).user_id(Person("nobody"), {}, "Ada") == 1
    assert People([ADA]).user_id(Person("nobody"), {}, "gone") is None


def test_whom_a_mapping_leads_to_nobody_is_nobody() -> None:
    assert People([ADA]).user_id(Person("x", "Ada Lovelace"), {"x": "gone"}, "ada") is None


def test_a_user_who_is_no_member_is_known_by_the_username_alone() -> None:
    people = People([ADA], {"Cy": 7})
    assert people.user_id(Person("x"), {"x": "CY"}, "") == 7
    assert people.user_id(Person("x"), {}, "cy") == 7
    assert people.user_id(Person("Cy", "Cy", "cy"), {}, "") is None
