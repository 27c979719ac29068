from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.connectors.jira.document import DEEPEST, plain

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "content", "text", "attrs"]), inner),
)
KINDS = st.sampled_from(["paragraph", "bulletList", "listItem", "panel", "tableRow", "hologram"])


def node(kind: str, *content: Any, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "content": list(content), **fields}


def words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def inline(kind: str, **attributes: Any) -> dict[str, Any]:
    return {"type": kind, "attrs": attributes}


def test_paragraphs_are_lines() -> None:
    assert (
        plain(node("doc", node("paragraph", words("one "), words("two")), node("paragraph", words("3"))))
        == "one two\n3"
    )


def test_lists_in_lists_have_a_line_for_each_item() -> None:
    inner = node("orderedList", node("listItem", node("paragraph", words("b"))))
    outer = node("bulletList", node("listItem", node("paragraph", words("a")), inner), node("listItem", words("c")))
    assert plain(node("doc", words("before"), outer, words("after"))) == "before\na\nb\nc\nafter"


def test_a_block_of_code_keeps_its_lines() -> None:
    code = "if a:\n\n    b()"
    assert plain(node("doc", node("codeBlock", words(code)), node("paragraph", words("x")))) == f"{code}\nx"


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (inline("mention", id="5b10", text="@Ada"), "@Ada"),
        (inline("emoji", shortName=":smile:", text="😄"), "😄"),
        (inline("emoji", shortName=":owl:"), ":owl:"),
        (inline("status", text="DONE", color="green"), "DONE"),
        (inline("inlineCard", url="https://example.com/"), "https://example.com/"),
        (inline("date", timestamp="1772323200000"), "2026-03-01"),
        (inline("date", timestamp=1_772_323_200_000), "2026-03-01"),
        (inline("date", timestamp="9" * 30), ""),
        (inline("date"), ""),
        ({"type": "hardBreak"}, "\n"),
        ({"type": "hologram", "text": "beam"}, "beam"),
        ({"type": "hologram", "attrs": {"text": 17}}, ""),
        ({"type": "rule"}, ""),
    ],
)
def test_what_stands_within_a_line_is_told_by_its_text(part: dict[str, Any], text: str) -> None:
    assert plain(node("doc", node("paragraph", words("a"), part, words("b")))) == f"a{text}b"


def test_what_is_not_known_is_told_by_what_is_in_it() -> None:
    assert plain(node("doc", node("hologram", node("paragraph", words("deep"))), words("x"))) == "deep\nx"


@given(st.lists(st.text(st.characters(exclude_characters="\n"), min_size=1)), KINDS)
def test_every_block_is_a_line_and_none_is_lost(texts: list[str], kind: str) -> None:
    assert plain(node("doc", *(node(kind, words(text)) for text in texts))) == "\n".join(texts)


@given(JSON)
def test_anything_has_a_text(document: Any) -> None:
    assert isinstance(plain(document), str)


def test_what_is_too_deep_is_left_out() -> None:
    document: dict[str, Any] = words("bottom")
    for _ in range(DEEPEST - 1):
        document = node("panel", document)
    assert plain(document) == "bottom"
    assert plain(node("panel", document, words("top"))) == "top"
    for _ in range(100_000):
        document = node("panel", document)
    assert plain(document) == ""
