"""Who works in a demo organization, and what the trackers call them."""

import unicodedata
from dataclasses import dataclass
from itertools import product

from backend.tracking.kernel.demo import words
from backend.tracking.kernel.demo.options import Options

USERNAME_PREFIX = "demo-"
DOMAIN = "demo.example"
"""Of all addresses; nobody gets mail there (RFC 2606)."""
FREELANCER = 5
"""One of six people is none of our users."""
GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Colleague:
    """One of them."""

    number: int
    first_name: str
    last_name: str

    @property
    def is_member(self) -> bool:
        """Whether that is a user of ours; the others are external, and nobody here."""
        return self.number % (FREELANCER + 1) != FREELANCER

    @property
    def full_name(self) -> str:
        """As people write it."""
        return f"{self.first_name} {self.last_name}"

    @property
    def login(self) -> str:
        """The name without signs that keyboards lack."""
        return f"{_plain(self.first_name)}.{_plain(self.last_name)}" if self.is_member else f"ext-{self.number}"

    @property
    def username(self) -> str:
        """Of our user."""
        return f"{USERNAME_PREFIX}{self.login}"

    @property
    def email(self) -> str:
        """Our user's, and at the office."""
        return f"{self.login}@{DOMAIN}"

    @property
    def is_mapped(self) -> bool:
        """Whether the mapping of the issue trackers names them; the others are found there by name."""
        return self.is_member and self.number % 2 == 0


def team(options: Options) -> list[Colleague]:
    """Everybody; the same name never twice."""
    chance = options.random("team")
    names = sorted(product(words.FIRST_NAMES, words.LAST_NAMES), key=lambda _: chance.random())
    return [Colleague(number, *names[number]) for number in range(options.people)]


def projects_of(number: int, options: Options) -> tuple[int, int]:
    """The two projects that a colleague works in: most of the time, and sometimes."""
    return number % options.projects, (number + 1) % options.projects


def _plain(name: str) -> str:
    spelt = unicodedata.normalize("NFKD", name.casefold().translate(GERMAN))
    return spelt.encode("ascii", "ignore").decode()
