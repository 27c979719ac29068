import pytest

from backend.tracking.kernel.people import Member, People, distinct
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
        (Person("ADA"), 1),
        (Person("x", "", "BOB@example.com"), 2),
        (Person("ann2", "Ada Lovelace"), 4),  # a username tells more than a name
        (Person("ann2", "", "ada@example.com"), 1),  # and an address more than a username
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


@pytest.mark.parametrize(
    "person",
    [
        Person("Cy Q.", "Cy Q.", external_id="17"),
        Person("cy@x.org", "Cy Q."),
        Person("x", email="cy@x.org"),
        Person("CY Q."),
        Person("x", "cy q."),
    ],
)
@pytest.mark.parametrize("word", ["Cy Q.", "17", "cy@x.org"])
def test_a_mapping_may_name_somebody_by_everything_that_they_are_called(person: Person, word: str) -> None:
    called = {person.username.casefold(), person.name.casefold(), person.email, person.external_id}
    expected = 1 if word.casefold() in called else None
    assert People([ADA]).user_id(person, {word: "ada"}, "") == expected


def test_in_a_mapping_the_username_counts_before_the_id_the_address_and_the_name() -> None:
    person, people = Person("login", "Name", "mail@x.org", "17"), People([ADA, BOB])
    words = ["login", "17", "mail@x.org", "Name"]
    for first, *others in (words[place:] for place in range(4)):
        mapping = dict.fromkeys(others, "ada") | {first: "bob@example.com"}
        assert people.user_id(person, mapping, "") == 2, first


def test_whoever_has_a_name_with_an_accent_has_it_in_every_notation() -> None:
    zoe = Member(9, "zoe", ("Zo\u00eb",), "")
    assert People([zoe]).user_id(Person("x", "Zoe\u0308"), {}, "") == 9


def test_of_names_that_two_people_have_nothing_is_told() -> None:
    same = [Person("Ada L.", "Ada L.", external_id="5"), Person("ada l.", "ADA L.", external_id="6")]
    assert [*distinct(same)] == [Person("", "", external_id="5"), Person("", "", external_id="6")]
    named = [Person("ada", "Ada L."), Person("ada2", "Ada L."), Person("bob", "Bob")]
    assert [*distinct(named)] == [Person("ada"), Person("ada2"), Person("bob", "Bob")]


def test_a_name_that_is_the_login_of_somebody_else_tells_nothing_and_the_login_all() -> None:
    assert [*distinct([Person("ada", "Ada"), Person("x", "ada")])] == [Person("ada"), Person("x")]
    assert [*distinct([Person("ada"), Person("x", "ada")])] == [Person("ada"), Person("x")]


def test_a_former_name_tells_as_long_as_nobody_else_has_it_or_had_it() -> None:
    renamed = Person("allie", "Allie", former=("al", "Al Older", "Bob"))
    others = [Person("x", "Bob"), Person("y", former=("al older",))]
    assert next(distinct([renamed, *others])) == Person("allie", "Allie", former=("al",))
    people = People([ADA, BOB])
    assert people.user_id(renamed, {"al": "ada"}, "") == 1
    assert people.user_id(renamed, {"allie": "bob@example.com", "al": "ada"}, "") == 2
    assert people.user_id(Person("x", former=("Ada Lovelace",)), {}, "") == 1
    assert people.user_id(Person("x", "Bob Birch", former=("ada",)), {}, "") == 2
