from codecs import BOM_UTF8
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.spreadsheets.text import UnusableFileError, lines


def test_lines_keep_the_ends_of_unix_windows_and_the_first_macs() -> None:
    assert list(lines([b"a\n", b"b\r\n", b"c\rd\re"])) == ["a\n", "b\r\n", "c\r", "d\r", "e"]


def test_a_bom_is_removed_at_the_start_alone() -> None:
    assert list(lines([BOM_UTF8 + b"a\n", BOM_UTF8 + b"b\n"])) == ["a\n", "\ufeffb\n"]


TEXTS = st.text(st.sampled_from("ab\r\n\u0a0a\u0a0d\u010a\U0001f600é"), max_size=30)


@given(text=TEXTS, encoding=st.sampled_from(["utf-8-sig", "utf-16-le", "utf-16-be"]))
def test_a_byte_order_mark_says_how_to_read_the_file(text: str, encoding: str) -> None:
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    assert list(lines(BytesIO((mark + text).encode(encoding)))) == list(StringIO(text, newline=""))


@given(text=TEXTS, encoding=st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-32", "gb18030"]))
def test_an_encoding_that_is_named_is_obeyed(text: str, encoding: str) -> None:
    assert list(lines(BytesIO(text.encode(encoding)), encoding)) == list(StringIO(text, newline=""))


@pytest.mark.parametrize(
    ("content", "encoding"),
    [("a\nb\n".encode("utf-16") + b"\0", None), ("a\nb\n".encode("utf-16-le") + b"\0\xd8", "utf-16-le")],
    ids=["half a character", "half a pair"],
)
def test_text_that_breaks_off_is_refused_with_its_line(content: bytes, encoding: str | None) -> None:
    with pytest.raises(UnusableFileError, match=r"line 3: the file is not (UTF|utf)-16-(LE|le) text"):
        list(lines(BytesIO(content), encoding))


@pytest.mark.parametrize(
    "raw",
    [b"caf\xe9\n", "a\n".encode("utf-16"), b"\x89PNG\r\n"],
    ids=["latin-1", "UTF-16", "an image"],
)
def test_what_is_not_text_is_refused_with_its_line_and_what_to_do(raw: bytes) -> None:
    with pytest.raises(UnusableFileError, match=r"line 3: the file is not UTF-8 text: save it .* --encoding"):
        list(lines([b"one\rtwo\n", raw]))


@pytest.mark.parametrize(("raw", "encoding"), [(b"a\0b\n", None), ("a\n".encode("utf-16-le"), None), (b"a\0", "ascii")])
def test_a_nul_is_called_one_with_what_to_do(raw: bytes, encoding: str | None) -> None:
    message = r"^line 2: the file holds a NUL character: remove it, or (save it|name another) .*--encoding"
    with pytest.raises(UnusableFileError, match=message):
        list(lines([b"one\n", raw], encoding))


def test_the_refusal_of_a_file_carries_none_of_its_content() -> None:
    with pytest.raises(UnusableFileError) as caught:
        list(lines([b"ann,s3cret-\xff\n"]))
    assert caught.value.__context__ is None
    assert "s3cret" not in str(caught.value)
