from codecs import BOM_UTF8

import pytest

from backend.accounts.kernel.text import UnusableFileError, lines


def test_lines_keep_the_ends_of_unix_windows_and_the_first_macs() -> None:
    assert list(lines([b"a\n", b"b\r\n", b"c\rd\re"])) == ["a\n", "b\r\n", "c\r", "d\r", "e"]


def test_a_bom_is_removed_at_the_start_alone() -> None:
    assert list(lines([BOM_UTF8 + b"a\n", BOM_UTF8 + b"b\n"])) == ["a\n", "\ufeffb\n"]


@pytest.mark.parametrize(
    "raw",
    [b"caf\xe9\n", b"a\x00b\n", "a\n".encode("utf-16"), b"\x89PNG\r\n"],
    ids=["latin-1", "NUL", "UTF-16", "an image"],
)
def test_what_is_not_text_is_refused_with_its_line(raw: bytes) -> None:
    with pytest.raises(UnusableFileError, match="line 3: the file is not UTF-8 text"):
        list(lines([b"one\rtwo\n", raw]))


def test_the_refusal_of_a_file_carries_none_of_its_content() -> None:
    with pytest.raises(UnusableFileError) as caught:
        list(lines([b"ann,s3cret-\xff\n"]))
    assert caught.value.__context__ is None
    assert "s3cret" not in str(caught.value)
