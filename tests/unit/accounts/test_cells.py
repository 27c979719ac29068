from collections.abc import Callable

import pytest
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import validate_email
from hypothesis import given
from hypothesis import strategies as st

from backend.accounts.kernel import cells
from backend.spreadsheets.cells import CellError, boolean

EDGES = st.text(st.characters(categories=["Cf", "Zs"]) | st.sampled_from("\t\r\n\u3164"), max_size=4)
NEARLY_EMAILS = st.from_regex(r"\A[a-z.'\"é\u212a]{1,4}@[a-z0-9.\-é\u212a\U0001d4b6]{1,8}\.[a-z0-9\-é]{1,4}\Z")


@pytest.mark.parametrize(
    "cell", ["x", "X", "true", "TRUE", "yes", " Yes ", "1", "1.0", "1,00", "WAHR", "ja", "J", "y", "on", "\u200by\xa0"]
)
def test_a_boolean_is_true_in_any_case(cell: str) -> None:
    assert boolean(cell) is True


@pytest.mark.parametrize("cell", ["", "  ", "\ufeff", "false", "No", "0", "0.0", "0,0", "Falsch", "NEIN", "n", "off"])
def test_a_boolean_is_false_when_empty_too(cell: str) -> None:
    assert boolean(cell) is False


@pytest.mark.parametrize("cell", ["maybe", "2", "1.5", "01.0", "y.0", "truetrue", "jain"])
def test_anything_else_is_no_boolean_and_the_message_says_what_is_one(cell: str) -> None:
    with pytest.raises(CellError, match=r"neither true \(true, yes, y, wahr, .*, or empty\)") as caught:
        boolean(cell)
    assert caught.value.reason == "invalid_boolean"


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("ann@example.com", "ann@example.com"),
        (" Ann.O'Hara+news@Example.COM ", "Ann.O'Hara+news@example.com"),
        ("root@localhost", "root@localhost"),
        ("ann@exämple.org", "ann@exämple.org"),
        ("", ""),
    ],
)
def test_an_address_keeps_its_local_part_and_lowers_its_domain(cell: str, address: str) -> None:
    assert cells.email(cell) == address


@pytest.mark.parametrize(
    "cell", ["ann", "@example.com", "ann@", "a b@example.com", "a..b@example.com", "ann@example", "a@b@example.com",
             "ann@-example.com", "ann@example..com", "ann@example.com\nbcc: eve@example.com", "jürgen@example.com"]
)  # fmt: skip
def test_what_is_not_an_address_is_refused(cell: str) -> None:
    with pytest.raises(CellError) as caught:
        cells.email(cell)
    assert caught.value.reason == "invalid_email"


@given(cell=st.emails() | NEARLY_EMAILS)
def test_an_address_that_is_taken_is_one_for_django_too(cell: str) -> None:
    try:
        address = cells.email(cell)
    except CellError:
        return
    validate_email(address)
    assert BaseUserManager.normalize_email(address) == address


@given(cell=st.text(max_size=300) | st.emails())
@pytest.mark.parametrize("reader", [cells.username, cells.email, cells.name, cells.full_name, cells.password])
def test_what_was_read_reads_the_same_again(reader: Callable[[str], str], cell: str) -> None:
    try:
        text = reader(cell)
    except CellError:
        return
    assert reader(text) == text


@pytest.mark.parametrize("cell", ["two words", "semi;colon", "line\nend", "<b>"])
def test_a_username_has_the_characters_of_words_and_addresses_only(cell: str) -> None:
    with pytest.raises(CellError) as caught:
        cells.username(cell)
    assert caught.value.reason == "invalid_username"


@given(cell=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_a_username_is_what_djangos_forms_would_make_of_it(cell: str) -> None:
    try:
        name = cells.username(cell)
    except CellError:
        return
    assert name == AbstractBaseUser.normalize_username(cell)


@pytest.mark.parametrize(
    ("reader", "cell"),
    [
        (cells.username, "u" * 255),
        (cells.username, "ﷺ" * 20),
        (cells.email, "e" * 250 + "@example.com"),
        (cells.name, "n" * 151),
        (cells.full_name, "f" * 302),
    ],
)
def test_what_is_longer_than_its_column_is_refused(reader: Callable[[str], str], cell: str) -> None:
    with pytest.raises(CellError) as caught:
        reader(cell)
    assert caught.value.reason == "too_long"


def test_the_longest_values_are_taken() -> None:
    assert len(cells.username("u" * 254)) == 254
    assert len(cells.name("n" * 150)) == 150
    assert len(cells.full_name("f" * 301)) == 301


@given(text=st.text("ab", min_size=1, max_size=5), edges=st.tuples(EDGES, EDGES))
@pytest.mark.parametrize("reader", [cells.username, cells.name, cells.full_name])
def test_what_nobody_sees_is_removed_at_the_edges(
    reader: Callable[[str], str], text: str, edges: tuple[str, str]
) -> None:
    assert reader(edges[0] + text + edges[1]) == text


@given(hidden=st.characters(categories=["Cf"]) | st.sampled_from("\u115f\u2800\u3164"))
@pytest.mark.parametrize("reader", [cells.username, cells.name, cells.full_name, cells.email, cells.password])
def test_what_nobody_sees_inside_is_refused_and_named(reader: Callable[[str], str], hidden: str) -> None:
    with pytest.raises(CellError, match=f"invisible character inside: U\\+{ord(hidden):04X}, [a-z]") as caught:
        reader(f"ann@exam{hidden}ple.com")
    assert caught.value.reason == "hidden_character"


@pytest.mark.parametrize("reader", [cells.name, cells.full_name])
@pytest.mark.parametrize(
    "name",
    ["بی\u200cبی", "می\u0651\u200cخورم", "ශ්\u200dරී", "മോഹന്\u200d", "क्\u200cष"],
    ids=["Persian", "Persian with a mark", "Sinhala", "Malayalam, at the end", "Hindi"],
)
def test_a_joiner_stays_where_its_script_is_written_with_it(reader: Callable[[str], str], name: str) -> None:
    assert reader(f"\u200b {name}\u200e ") == name


@pytest.mark.parametrize(
    "name", ["A\u200cnn", "A\u200dnn", "در\u200cد", "بی\u200dبی", "بی\u200c\u200cبی", "بی\u200c بی", "ක\u200dර"]
)
def test_a_joiner_that_changes_nothing_is_refused(name: str) -> None:
    for reader in (cells.name, cells.username):
        with pytest.raises(CellError, match=r"invisible character inside: U\+200[CD], zero width (non-)?joiner"):
            reader(name)
    with pytest.raises(CellError, match="invisible character inside"):
        cells.username("بی\u200cبی")


@given(
    words=st.lists(st.text("abé", min_size=1, max_size=3), max_size=4),
    space=st.text("\t\r\n \xa0\u2003\u3000", min_size=1),
)
@pytest.mark.parametrize("reader", [cells.name, cells.full_name])
def test_white_space_in_a_name_is_one_blank(reader: Callable[[str], str], words: list[str], space: str) -> None:
    assert reader(space + space.join(words) + space) == " ".join(words)


def test_a_password_keeps_its_blanks_and_loses_what_nobody_types() -> None:
    assert cells.password("\ufeff two  words \u200b") == " two  words "


def test_names_that_differ_by_case_alone_have_one_key() -> None:
    assert cells.key("ANN@Example.com") == cells.key("ann@example.COM")
    assert cells.key("ΝΙΚΟΣ İ") == cells.key("νικοσ i")
    assert cells.key("strasse") != cells.key("straße")
