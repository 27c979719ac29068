"""When two names of a poster may mean the same file, although no storage opens one by the other."""

import html
import re
from collections.abc import Iterator
from unicodedata import category, normalize
from urllib.parse import unquote

POSTERS = "posters"
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
"""Of the files that are posters: others are not accepted, and never cleaned up."""
COMPONENT = r"(?!\.)[A-Za-z0-9_.-]*[A-Za-z0-9_-]"
PLAIN = re.compile(rf"{COMPONENT}(?:/{COMPONENT})*\Z")
"""Most names. They can be spelt in other ways, but are one of them only by their case."""
CANONICAL = re.compile(rf"{POSTERS}(?:/(?!\.{{0,2}}(?:/|\Z))[^/]+)+\Z")
"""A path in the posters folder that the storage opens as it is: no empty name in it, no `.` and no `..`."""
UNDECODED = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}
"""Bytes that are not UTF-8, as Python has them in the names of files; read as Latin-1."""
ALIKE = str.maketrans({"\\": "/", ":": "/", "+": " "})
MAX_ROUNDS = 10
"""Of decoding: somebody may have encoded a name twice."""


def resemblance(path: str) -> str:
    r"""What is the same for all paths that may mean one file.

    It makes no difference whether a name is in one or another of Unicode's forms, in upper or lower case, encoded with
    percent signs or HTML's entities (also twice), has `\` or `:` (as macOS shows it) for `/`, `+` or `_` for a blank,
    blanks or dots at its ends, or invisible characters.
    """
    if PLAIN.match(path):
        return path.lower()
    return "/".join(_names(_decoded(path))).replace(" ", "_")


def resemblances(name: str) -> set[str]:
    """What a poster's name in a row may mean: paths in the posters folder, as `resemblance` spells them.

    The name may be the path, but also an address, a path from another place, one within the posters folder, or one that
    the file had before it was stored.
    """
    if PLAIN.match(name) and name.startswith(f"{POSTERS}/"):
        return {name.lower()}
    spelt = {name, name.partition("?")[0], name.partition("#")[0], _as_stored(name), _as_stored(_decoded(name))}
    return {
        path for spelling in spelt for path in _in_folder(resemblance(spelling), canonical=bool(CANONICAL.match(name)))
    }


def _decoded(path: str) -> str:
    for _ in range(MAX_ROUNDS):
        before, path = path, _decoded_once(path)
        if path == before:
            break
    return path


def _decoded_once(path: str) -> str:
    path = unquote(html.unescape(path), errors="surrogateescape").translate(UNDECODED)
    path = normalize("NFKC", normalize("NFKC", path).casefold()).translate(ALIKE)
    return path if path.isprintable() else "".join(sign for sign in path if category(sign) not in ("Cc", "Cf"))


def _names(path: str) -> list[str]:
    """Those that lead to the file, one after the other."""
    names: list[str] = []
    for name in path.split("/"):
        if name == "..":
            del names[-1:]
        elif stripped := name.strip().rstrip(" ."):
            names.append(stripped)
    return names


def _as_stored(name: str) -> str:
    """As Django's storage names a file: `My Film (1979).jpg` becomes `My_Film_1979.jpg`."""
    folder, slash, file = name.rpartition("/")
    return folder + slash + re.sub(r"[^-\w.]", "", file.strip().replace(" ", "_"))


def _in_folder(path: str, *, canonical: bool) -> Iterator[str]:
    names = path.split("/")
    starts = [place for place, name in enumerate(names) if name == POSTERS]
    if not starts:
        yield f"{POSTERS}/{path}"
    for start in starts[:1] if canonical else starts:
        yield "/".join(names[start:])
