"""The lines of a text file."""

import codecs
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import IncrementalNewlineDecoder, StringIO
from itertools import chain
from typing import Annotated

from pydantic import AfterValidator

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "UTF-8",
    codecs.BOM_UTF16_LE: "UTF-16-LE",
    codecs.BOM_UTF16_BE: "UTF-16-BE",
}
BYTE_ORDER_MARK = "\ufeff"
"""As a character."""
NOT_CHARACTER_SETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
"""What Python decodes to text, but no program saves files in."""


SAVE = "save it as UTF-8 (in Excel: CSV UTF-8), or name its encoding, such as --encoding windows-1252"
CHOOSE_ANOTHER = "name another --encoding, or save the file as UTF-8"


class UnusableFileError(ValueError):
    """The file as a whole is not a table of the kind that is wanted."""


def _encoding(value: str) -> str:
    try:
        with suppress(UnicodeError):  # two letters need not be text in it
            b"ab".decode(value)
        known = codecs.lookup(value).name not in NOT_CHARACTER_SETS
    except (LookupError, ValueError):
        known = False
    if not known:
        raise ValueError("must be the name of an encoding, such as utf-8, utf-16 or windows-1252")
    return value


Encoding = Annotated[str, AfterValidator(_encoding)]
"""An encoding by a name that Python knows."""


def lines(raw: Iterable[bytes], encoding: str | None = None) -> Iterator[str]:
    """The lines of a text file, given as those of a binary one, without its byte order mark and with their ends.

    Lines end as on Unix, Windows or the first Macs. Without an `encoding` the byte order mark says it, or else it is
    UTF-8. Raises UnusableFileError, which names the line, where the file is not text in it, or holds a NUL character.
    """
    pieces = iter(raw)
    first = next(pieces, b"")
    marked = next((name for mark, name in BYTE_ORDER_MARKS.items() if first.startswith(mark)), None)
    found = encoding or marked or "UTF-8"
    advice = CHOOSE_ANOTHER if encoding else SAVE
    decoder = IncrementalNewlineDecoder(codecs.getincrementaldecoder(found)(), translate=False)
    number, begun = 0, ""
    for piece in chain([first], pieces, [b""]):
        # In UTF-16 the bytes between two line feeds need not be whole lines, nor whole characters.
        text, problem = _decoded(decoder, piece, found)
        if problem:
            raise UnusableFileError(f"line {number + 1}: the file {problem}{advice}")
        begun += text
        if piece and not begun.endswith(("\n", "\r")):
            continue
        for text in StringIO(begun if number else begun.removeprefix(BYTE_ORDER_MARK), newline=""):
            number += 1
            yield text
        begun = ""


def _decoded(decoder: IncrementalNewlineDecoder, piece: bytes, encoding: str) -> tuple[str, str]:
    """The text of the piece, of which an empty one is the last, and what is wrong with it.

    Returned, not raised: the decoder's error carries the line, which may carry a password.
    """
    try:
        text: str = decoder.decode(piece, final=not piece)
    except UnicodeError:
        return "", f"is not {encoding} text: "
    return text, "holds a NUL character: remove it, or " if "\0" in text else ""
