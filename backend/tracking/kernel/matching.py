"""Which task each work entry is for: the first that a rule of its project leads to."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from backend.tracking.kernel.rules import Miss, Rule, RuleFacts, TaskKey

MOST_REMEMBERED = 200_000
"""Tasks that are looked up once; then all are forgotten."""


class Work(NamedTuple):
    """What rules look at."""

    tracker: int
    """Its tracker's place among those that the matcher was told."""
    breadcrumb: str
    text: str
    external_task: str


class Match(NamedTuple):
    """What an entry was matched with."""

    task: str | None
    """The task's id."""
    rule: int | None
    """The rule's place among the rules of the matcher."""


UNMATCHED = Match(None, None)


class Trial(NamedTuple):
    """A rule that was tried on an entry, and what came of it."""

    rule: Rule
    miss: Miss | None
    """Why it does not apply."""
    value: str = ""
    """What the task is known by, where the rule applies."""
    task: str | None = None
    """The id of the task of that value; None: there is no such task, and the next rule is tried."""


LookUp = Callable[[TaskKey, str, Collection[str]], Mapping[str, str]]
"""The ids of a tracker's tasks by these values of one key; values that no task has are absent."""


class Matcher:
    """The rules of a project, applied to its work entries.

    Tasks are looked up many at a time; their number does not count for memory.
    """

    def __init__(self, rules: Sequence[RuleFacts], trackers: Sequence[str], look_up: LookUp) -> None:
        """Raises RuleError.

        Args:
            rules: in the order in which they are tried.
            trackers: the names of the trackers that entries come from.
            look_up: finds tasks.
        """
        self.rules = [Rule(facts) for facts in rules]
        self._trackers = trackers
        self._look_up = look_up
        self._known: dict[tuple[TaskKey, str], dict[str, str | None]] = {}
        tried = [
            (place, rule.value, self._tasks_of(rule), (rule.key, rule.facts.tracker_id))
            for place, rule in enumerate(self.rules)
        ]
        self._tried = [
            [candidate for candidate in tried if self.rules[candidate[0]].takes(tracker)] for tracker in trackers
        ]

    def matches(self, works: Sequence[Work]) -> list[Match]:
        """What each entry is matched with, in their order."""
        self._forget()
        found = [UNMATCHED] * len(works)
        left: Sequence[int] = range(len(works))
        while left:
            left = self._matched(works, left, found)
        return found

    def trials(self, work: Work) -> Iterator[Trial]:
        """Every rule that is tried, in order; the last one has the task, if any has."""
        self._forget()
        for rule in self.rules:
            if not rule.takes(self._trackers[work.tracker]):
                yield Trial(rule, Miss.OTHER_TRACKER)
                continue
            value = rule.value(work.breadcrumb, work.text, work.external_task)
            if isinstance(value, Miss):
                yield Trial(rule, value)
                continue
            tasks = self._tasks_of(rule)
            if value not in tasks:
                self._learn({(rule.key, rule.facts.tracker_id): {value}})
            yield Trial(rule, None, value, tasks[value])
            if tasks[value]:
                return

    def _matched(self, works: Sequence[Work], places: Sequence[int], found: list[Match]) -> list[int]:
        """Those that lead to tasks which were not known before; they are known now."""
        unknown: dict[tuple[TaskKey, str], set[str]] = {}
        left = []
        for place in places:
            tracker, breadcrumb, text, external_task = works[place]
            for rule, value_of, tasks, key in self._tried[tracker]:
                value = value_of(breadcrumb, text, external_task)
                if isinstance(value, Miss):
                    continue
                if value not in tasks:
                    unknown.setdefault(key, set()).add(value)
                    left.append(place)
                    break
                task = tasks[value]
                if task is not None:
                    found[place] = Match(task, rule)
                    break
        self._learn(unknown)
        return left

    def _forget(self) -> None:
        if sum(map(len, self._known.values())) > MOST_REMEMBERED:
            for tasks in self._known.values():
                tasks.clear()

    def _tasks_of(self, rule: Rule) -> dict[str, str | None]:
        return self._known.setdefault((rule.key, rule.facts.tracker_id), {})

    def _learn(self, unknown: Mapping[tuple[TaskKey, str], Collection[str]]) -> None:
        for (key, tracker), values in unknown.items():
            self._known[key, tracker].update(dict.fromkeys(values) | dict(self._look_up(key, tracker, values)))
