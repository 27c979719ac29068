"""What searches are measured on: tasks as trackers have them, and how people ask for them.

`query` is what a colleague types who does the same work. `outsider` is how somebody asks who knows none of its words:
no query of theirs shares a word that matters with its title, and a distractor shares the query's words. What was chosen
by measuring (which letters of a text are left out) was chosen by the outsiders' queries.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "payloads" / "search"


@dataclass(frozen=True)
class Pair:
    """A task and two ways to ask for it. `language` is `across` where title and queries are in different ones."""

    language: str
    field: str
    query: str
    title: str
    outsider: str


def pairs() -> list[Pair]:
    """100 in English, 100 in German, 50 across, from 6 fields of work."""
    with (FOLDER / "pairs.tsv").open(encoding="utf-8", newline="") as file:
        return [Pair(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def pool() -> list[str]:
    """500 titles: those of the pairs, and for each another one that shares words with it or with its queries."""
    distractors = (FOLDER / "distractors.txt").read_text(encoding="utf-8").splitlines()
    return [pair.title for pair in pairs()] + distractors


def share_found(ranks: list[int], language: str, *, first: int = 4) -> float:
    """The share of the pairs of a language whose task has one of the first ranks, which count from 0."""
    of_language = [rank for pair, rank in zip(pairs(), ranks, strict=True) if pair.language == language]
    return sum(rank < first for rank in of_language) / len(of_language)
