import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.tracking.kernel.configuration import documents
from tests.unit.tracking.configuration.factories import organization, parsed, problems

EXAMPLE = Path(__file__).parents[4].joinpath("docs", "organization.example.yaml").read_text(encoding="utf-8")
ACME = dict.fromkeys(re.findall(r"\${(\w+)}", EXAMPLE), "s3cret")
PIECES = st.text(st.sampled_from("ab1:-,[]{}&*!|>'\"#%@`?<~ \n\t\\x0U\0é\x85\ud800$."), max_size=8)
NEARLY = st.builds(
    lambda start, length, piece: EXAMPLE[:start] + piece + EXAMPLE[start + length :],
    st.integers(0, len(EXAMPLE)),
    st.integers(0, 40),
    PIECES,
)
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@given(content=st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(content=b'a: "\\UFFFFFFFF"')
@example(content=b"%YAML 1." + b"9" * 5000)
@example(content=b"\xff\xfea\0")
@example(content=b"? [a]\n: b")
def test_any_bytes_are_a_configuration_or_what_is_wrong_with_them(content: bytes) -> None:
    assert problems(content)


@given(text=NEARLY | PIECES.map(lambda piece: f"organization: {piece}"))
def test_a_file_with_a_slip_is_a_configuration_or_what_is_wrong_with_it(text: str) -> None:
    assert not any("s3cret" in problem for problem in problems(text.encode("utf-8", "surrogatepass"), environment=ACME))


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("", 1, "the file is empty"),
        ("# nothing yet\n", 1, "the file is empty"),
        ("[1, 2]", 1, "the file must be a mapping (key: value), not a list"),
        ("acme", 1, "the file must be a mapping (key: value), not 'acme'"),
        ("organization:\n", 1, "organization is missing"),
        ("organization: {code: acme}\n---\norganization: {code: b}\n", 2, "a second document begins here"),
        ("organization:\n  code: 'acme\n", 3, "not YAML: found unexpected end of stream"),
        ("organization:\n\tcode: acme\n", 2, "not YAML: found character '\\t' that cannot start any token"),
        ("organization:\n  code: \0\n", 2, "the character U+0000 cannot be in a YAML file: remove it"),
        ('organization:\n  code: acme\n  name: "\\0"\n', 3, "a NUL character"),
        ('organization:\n  code: acme\n  name: "\\ud800"\n', 3, "half a character is escaped here"),
        (
            'organization:\n  code: acme\n  name: "\\ude00\\ud83d"\n',
            3,
            "half a character is escaped here",
        ),
        (
            'organization:\n  code: acme\n  "\\ud83d\\ude00": a\n  😀: a\n',
            4,
            "the key '😀' is already there, at line 3",
        ),
        ('a:\n- "\\UFFFFFFFF"', 1, "not YAML: an escape stands for a character that does not exist"),
        ("a: {b: 1,\n  api_token: ${X_TOKEN}}", 2, "not YAML: a text that begins with ${ needs quotes within { }"),
        ("a: 1\nb: *x", 2, "an alias (*) without its anchor"),
        ("a:\n- &x [*x]", 2, "an alias makes this contain itself"),
        ("a:\n  " + "[" * 200_000, 2, "nested deeper than 30 levels"),
        (LAUGHS, 1, "the file holds, with what its aliases repeat, over 50,000 values"),
        ("organization: {code: acme}\nx: " + "a" * 1_000_000, 1, "the file is larger than 1,000 kB"),
        ("organization:\n  code: acme\n  code: b\n", 3, "the key 'code' is already there, at line 2"),
        ("organization:\n  code: acme\n  1: b\n", 3, "a key must be a text: put it into quotes"),
        ("organization:\n  code: acme\n  <<: {name: b}\n", 3, "merging (<<) is not supported here"),
        ("organization: {code: acme,\n  name: !!python/object:os.system x}", 2, "tags (!) are not supported"),
        ("organization: !!python/object/new:os.system\n  code: acme", 1, "tags (!) are not supported"),
    ],
)
def test_what_is_no_document_is_told_with_its_line(text: str, line: int, told: str) -> None:
    assert any(problem.startswith(f"{line}: {told}") for problem in problems(text)), problems(text)


def test_a_file_of_too_many_values_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_VALUES", 50)
    (found,) = problems("- a\n" * 60 + "'never read")
    assert found.startswith("51: the file holds")


def test_what_is_not_utf_8_is_told_with_its_line() -> None:
    assert problems(b"organization:\n  name: caf\xe9\n") == ["2: the file is not UTF-8 text: save it as UTF-8"]
    assert problems(b"\xef\xbb\xbf#\n\xc3\xa4\xff") == ["2: the file is not UTF-8 text: save it as UTF-8"]


def test_a_mark_at_the_start_and_lines_that_end_as_on_windows_are_fine() -> None:
    assert parsed(b"\xef\xbb\xbforganization:\r\n  code: acme\r\n").code == "acme"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_editors_do(end: str) -> None:
    odd = "\x85\u2028\u2029"
    head = f"# a{odd}# b{end}organization:{end}  code: 'a{odd}b'{end}"
    assert [found.partition(":")[0] for found in problems(f"{head}  nam: x{end}")] == ["3", "4"]
    assert problems(f"{head}  name: *x{end}")[0].startswith("4: an alias (*) without its anchor")
    assert problems(f"{head}  \0{end}")[0].startswith("4: the character U+0000 cannot be in")
    assert problems(f"{head}  ".encode() + b"\xff") == ["4: the file is not UTF-8 text: save it as UTF-8"]


def test_json_may_write_a_character_as_two_numbers() -> None:
    text = json.dumps({"organization": {"code": "acme", "name": "Ä 😀"}})
    assert "\\ud83d\\ude00" in text
    assert parsed(text).name == "Ä 😀"


def test_anchors_and_aliases_of_whole_values_are_fine() -> None:
    text = organization("organization_profiles: [&ada {username: ada}], default_username: &x bob, name: *x")
    assert parsed(text).name == "bob"


def test_a_key_without_a_value_is_as_good_as_absent() -> None:
    assert parsed("organization:\n  code: acme\n  projects:\n  name: ~\n").projects == []


@pytest.mark.parametrize(
    "value", ["*s3cret", "!s3cret", "!s3cret!x y", "[s3cret", "'s3cret", "{s3cret: 1}", "123", "| s3cret"]
)
def test_a_token_is_quoted_by_no_problem_even_where_yaml_ends(value: str) -> None:
    text = f"organization:\n  code: a\n  projects: [{{code: b, trackers: [{{name: c,\n  api_token: {value}}}]}}]\n"
    found = problems(text)
    assert found
    assert not any("s3cret" in problem or "'123'" in problem for problem in found)


@pytest.mark.parametrize(
    "line",
    [
        "- {name: c, api_token:s3cret}",
        "- {name: c, api_tokn:s3cret}",
        "- {name: c, api_key:s3cret}",
        "- {name: c, pin:s3cret}",
        "- {name: c, api_tokn: s3cret}",
        *[f"- {word}{sign}s3cret" for word in ("api_token", "api_key", "client-secret", "PASSWORD") for sign in ":="],
    ],
)
def test_a_token_is_not_quoted_where_its_key_is_misspelt(line: str) -> None:
    found = problems(f"organization:\n  code: a\n  projects:\n  - code: b\n    trackers:\n    {line}\n")
    assert found
    assert not any("s3cret" in problem for problem in found)


def test_a_key_without_a_blank_behind_its_colon_is_told() -> None:
    (found,) = problems(organization("projects: [{code: b, trackers: [{name: c, api_token:x}]}]"))
    assert found == "2: unknown key 'api_token' in the tracker: is a space missing after the colon?"


def test_the_first_hundred_problems_are_told_and_that_there_are_more() -> None:
    text = "organization:\n  code: acme\n  projects:\n" + "".join(f"  - {{code: {n}}}\n" for n in range(1_000))
    found = problems(text)
    assert len(found) == 101
    assert "first 100" in found[-1]
