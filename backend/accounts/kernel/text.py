"""The lines of a text file."""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from io import StringIO


class UnusableFileError(ValueError):
    """The file is not a CSV file of users."""


def lines(raw: Iterable[bytes]) -> Iterator[str]:
    """The lines of a UTF-8 file, given as the lines of a binary one, without its BOM and with their ends.

    Lines end as on Unix, Windows or the first Macs. Raises UnusableFileError, which names the line, where the file is
    not text.
    """
    number = 0
    for index, line in enumerate(raw):
        for text in StringIO(_decoded(line if index else line.removeprefix(BOM_UTF8), number + 1), newline=""):
            number += 1
            yield text


def _decoded(line: bytes, number: int) -> str:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = "\0"  # raised below, out of reach of this error: it carries the line, which may carry a password
    if "\0" in text:
        raise UnusableFileError(f"line {number}: the file is not UTF-8 text")
    return text
