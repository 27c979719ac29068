"""find_similar_tasks as people meet it: what it finds, and how long the whole command takes."""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.search import embedders
from backend.search.kernel import wording
from backend.search.kernel.text import cleaned
from backend.search.services.similar import LETTERS
from tasks.search.update_search import UpdateSearch, update_search
from tests import search_pairs
from tests.benchmarks import child, search, work
from tests.benchmarks.pairs import measured
from tests.benchmarks.report import Goal, Row, at_least, at_most
from upkeep.operations.runner import execute

GOALS = {"English": 90.0, "German": 80.0, "across": 80.0}
LOADED = "from backend.search.embedders import builtin; builtin.embedder().embed(['login'])"


def quality(*, quick: bool) -> Iterator[Row]:  # noqa: ARG001 - it takes seconds
    """The share of questions whose task is among the first four: by meaning, by letters, by both."""
    pairs, pool = search_pairs.pairs(), search_pairs.pool()
    embedder = embedders.current()
    titles = embedder.embed([cleaned(title) for title in pool])
    for who, queries in (
        ("a colleague", [pair.query for pair in pairs]),
        ("an outsider", [pair.outsider for pair in pairs]),
    ):
        meaning = embedder.embed([cleaned(query) for query in queries]) @ titles.T
        letters = np.array([wording.similarities(query, pool) for query in queries])
        for by, scores in (("meaning", meaning), ("letters", letters), ("both", meaning + LETTERS * letters)):
            yield from _shares(f"the task that {who} asks for", by, scores, wanted=(who, by) == ("a colleague", "both"))


def command(*, quick: bool) -> Iterator[Row]:
    """Cold, beside `manage.py check` and a process that loads the embedder and embeds a word."""
    search.fill({"app": 2_000})
    execute(update_search, UpdateSearch(organization=work.CODE))
    pairs = measured(
        3 if quick else 9,
        lambda: child.manage("find_similar_tasks", "login fails", "--organization", work.CODE).seconds,
        lambda: child.manage("check").seconds + child.ended([sys.executable, "-c", LOADED]).seconds,
    )
    yield Row(
        "manage.py find_similar_tasks", "manage.py check, and loading the bare embedder",
        pairs.slower, goal=at_most(1.5), ours=f"{pairs.ours:.2f} s", other=f"{pairs.other:.2f} s",
    )  # fmt: skip


def _shares(name: str, by: str, scores: NDArray[Any], *, wanted: bool) -> Iterator[Row]:
    ranks = [int((row > row[place]).sum()) for place, row in enumerate(scores)]
    for language, least in GOALS.items():
        goal: Goal | None = at_least(least) if wanted else None
        share = 100 * search_pairs.share_found(ranks, language)
        yield Row(f"{name} is among the first 4", f"{language}, by {by}, 500 titles", share, "%", goal)
