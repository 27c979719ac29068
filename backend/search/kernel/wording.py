"""What a description says in its very letters: names and codes, which mean nothing to a model of sentences."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

MAX_ALONE = 4
"""Words up to which a description may be a name alone: `Zugferd`, `Huber und Söhne GmbH`, `ABC-123`."""
MAX_CODES = 20
"""That are looked up."""
WORD = re.compile(r"\w+")
SURROUNDING = re.compile(r"^\W+|\W+$")
TOKEN = re.compile(r"[#!]?\w[\w./_-]*", re.UNICODE)


def codes(text: str) -> list[str]:
    """What may be the code of a task, `ABC-123` or `#12`: all that has a digit, but for numbers among words."""
    found = [token.rstrip("._-/") for token in TOKEN.findall(text)]
    numbered = (token for token in found if any(map(str.isdecimal, token)))
    return list(dict.fromkeys(token for token in numbered if len(found) == 1 or not token.isdecimal()))[:MAX_CODES]


def is_code(text: str) -> bool:
    """Whether it is a code and nothing else."""
    return len(text.split()) == 1 and bool(codes(text))


def names_alone(text: str) -> list[str]:
    """The text, when it may be a name that a title holds, and then without what it is quoted with; else none."""
    words = text.split()
    name = " ".join(words) if len(words) <= MAX_ALONE else ""
    return [each for each in dict.fromkeys((name, SURROUNDING.sub("", name))) if each]


def similarities(text: str, titles: Sequence[str]) -> list[float]:
    """How similar each title is to the text in its letters, from 0 to 1.

    The cosine of their trigrams, each weighted by its rarity among these titles (its inverse document frequency).
    """
    wanted, found = trigrams(text), [trigrams(title) for title in titles]
    frequency = Counter(gram for grams in found for gram in grams)
    weight = {gram: math.log((1 + len(titles)) / (1 + frequency[gram])) ** 2 for gram in {*wanted, *frequency}}
    length = _length(wanted, weight)
    return [
        sum(weight[gram] for gram in wanted & grams) / product if (product := length * _length(grams, weight)) else 0.0
        for grams in found
    ]


def trigrams(text: str) -> set[str]:
    """The trigrams of the words of a text; each word begins with two blanks and ends with one, as in pg_trgm."""
    padded = (f"  {word} " for word in WORD.findall(text.casefold()))
    return {word[start : start + 3] for word in padded for start in range(len(word) - 2)}


def _length(grams: Iterable[str], weight: dict[str, float]) -> float:
    return math.sqrt(sum(weight[gram] for gram in grams))
