"""What a demo organization is made from: the same options always give the same rows."""

from dataclasses import astuple, dataclass
from hashlib import blake2b
from random import Random

WORK_A_DAY = 4
"""Entries of one person, on average."""
LEAST_DAYS = 40
"""Over which work is spread, if there is enough of it."""
LEAD = 10
"""Days on which tasks are opened before the work begins, so that there is a choice."""
LEAST_PEOPLE = 6
WORK_A_PERSON = 5_000
"""Where there is more work than that, there are more people."""
TAIL_BITS, LOW_BITS = 44, 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much there is of everything. The seed decides the rest, whatever the code is; keys depend on all of them."""

    code: str
    projects: int
    tasks: int
    work_entries: int
    seed: int

    @property
    def people(self) -> int:
        """How many people work: somebody in every project, and nobody day and night."""
        return max(LEAST_PEOPLE, self.projects, -(-self.work_entries // WORK_A_PERSON))

    @property
    def work_a_day(self) -> int:
        """How many entries a working day has; the last day may have fewer."""
        return max(1, min(WORK_A_DAY * self.people, -(-self.work_entries // LEAST_DAYS)))

    @property
    def days(self) -> int:
        """How many working days there are; on the first ones, nobody works yet."""
        return LEAD + max(LEAST_DAYS, -(-self.work_entries // self.work_a_day))

    def tasks_of(self, project: int) -> int:
        """How many tasks a project has, the declared ones among them."""
        return self.tasks // self.projects + (project < self.tasks % self.projects)

    def random(self, *of: object) -> Random:
        """Chance, anew for each thing: what is made of it does not depend on what was made before.

        Only its method `random` gives the same numbers in all versions of Python.
        """
        return Random("/".join(map(str, (self.seed, *of))))  # noqa: S311 - nothing here is to be secret

    def tail(self, kind: str) -> int:
        """The last bits of all keys of that kind."""
        digest = blake2b(repr((kind, astuple(self))).encode(), digest_size=8).digest()
        return int.from_bytes(digest) >> 64 - TAIL_BITS
