"""What is wrong with a configuration file, as reported to its author. A value that may be a secret is not quoted."""

import re
from bisect import bisect
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from itertools import islice
from typing import NamedTuple

MAX_PROBLEMS = 100
"""Problems reported at once."""
LONGEST = 80
"""Characters of a value in a message."""
MAX_NAMES = 12
"""Names in a message."""
MAX_COMPARED = 700
"""Names that may have been meant: more take long to compare. There are 600 time zones."""
SECRET = re.compile("token|key|secret|passw", re.IGNORECASE)


class Problem(NamedTuple):
    """Something wrong at a line."""

    line: int
    message: str


class ConfigurationError(ValueError):
    """The file cannot be applied; `problems` says everything that is wrong, the message the first of it."""

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        found = sorted(set(islice(problems, MAX_PROBLEMS + 1)))
        self.problems = [f"{file}:{problem.line}: {problem.message}" for problem in found[:MAX_PROBLEMS]]
        if len(found) > MAX_PROBLEMS:
            self.problems.append(f"{file}: there are more problems; these are the first {MAX_PROBLEMS}")
        more = len(self.problems) - 1
        super().__init__(self.problems[0] + (f" (and {more} more)" if more else ""))


def shown(value: str) -> str:
    """A text of the file in quotes, in one line and shortened; not where it names a secret: that may stand there."""
    if is_secret(value):
        return "a text that names a token, a key or a password (not shown)"
    return repr(value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…")


def is_secret(value: str) -> bool:
    """Whether a text of the file names a secret, which may then stand in it."""
    return bool(SECRET.search(value))


def suggestion(word: str, known: Collection[str]) -> str:
    """`did you mean …?`, or which names there are."""
    if meant := closest(word, known):
        return f"did you mean {meant!r}?"
    names = sorted(known)[: MAX_NAMES + 1]
    more = ", …" if len(names) > MAX_NAMES else ""
    verb = "are" if len(names) > 1 else "is"
    return f"there {verb} {', '.join(names[:MAX_NAMES]) or 'none'}{more}"


def closest(word: str, known: Collection[str]) -> str:
    """The name that was probably meant, whatever its case; empty if there is none."""
    names = sorted(sorted(known), key=str.casefold)
    first = max(0, bisect(names, word.casefold(), key=str.casefold) - MAX_COMPARED // 2)
    compared = names[first : first + MAX_COMPARED] if len(names) > MAX_COMPARED else names
    by_case = {name.casefold(): name for name in compared}
    found = get_close_matches(word.casefold(), by_case, n=1, cutoff=0.6)
    return by_case[found[0]] if found else ""
