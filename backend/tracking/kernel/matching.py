"""Which task each work entry is for: the first that a rule of its project leads to."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple
from zlib import crc32

from backend.tracking.kernel.rules import Miss, Rule, RuleFacts, TaskKey, compiled

MAX_REMEMBERED = 200_000
"""Values that tasks were looked up by; beyond that, all are forgotten."""
UNKNOWN: Any = object()


class Found(NamedTuple):
    """What a value leads to."""

    task: str
    """The id of a task."""
    name: str
    """What of the value leads to it: that of several addresses which does."""
    is_former: bool = False
    """Whether the task, or its project, is called otherwise by now."""


LookUp = Callable[[TaskKey, str, Collection[str]], Mapping[str, Found]]
"""From a key, a tracker's id and values to what they lead to; values that lead to no task are absent."""
Unknown = dict[tuple[TaskKey, str], set[str]]
"""Values to look up, by key and tracker."""
Work = tuple[int, str, str, str]
"""What rules look at in an entry: its tracker's place among those of the matcher, breadcrumb, text, external task."""
KeysOf = Callable[[TaskKey, str, str], Iterable[str]]
"""From a key, a tracker's id and a value to all that a task may be known by to which the value leads."""
Match = tuple[str | None, int | None, str | None, list[int] | None]
"""The id of the task that an entry is matched with, the place of the rule among those of the matcher, the name that
was looked for where there is no match, and the `hashes` of all that was looked for in vain."""
UNMATCHED: Match = (None, None, None, None)
# Both are plain tuples, since there is one for every entry: a NamedTuple takes five times as long to make.


Missed = tuple[tuple[TaskKey, str], str]
"""What a rule leads to, and a value that led to no task."""


def hashes(keys: Iterable[str]) -> list[int]:
    """Of 32 bits, signed, in order: two keys of one hash cost time and nothing else."""
    return sorted({crc32(key.encode(errors="surrogatepass")) - 2**31 for key in keys})


class Trial(NamedTuple):
    """A rule that was tried on an entry, and what came of it."""

    rule: Rule
    miss: Miss | None
    """Why it does not apply."""
    value: str = ""
    """What it knows the task by, or would."""
    task: str | None = None
    """The id of that task; None: there is none, and the next rule is tried."""
    is_former: bool = False
    """Whether that is a former name of it."""


class Matcher:
    """The rules of a project, applied to its work entries."""

    def __init__(self, rules: Iterable[RuleFacts], trackers: Sequence[str], look_up: LookUp, keys_of: KeysOf) -> None:
        """Raises RuleError.

        Args:
            rules: in the order in which they are tried.
            trackers: the names of those that entries come from.
            look_up: finds tasks, many at a time.
            keys_of: what the tasks are known by that a value may lead to.
        """
        self.rules = compiled(rules)
        self._trackers = trackers
        self._look_up = look_up
        self._keys_of = keys_of
        self._hashes: dict[tuple[Missed, ...], list[int]] = {}
        self._tasks: dict[tuple[TaskKey, str], dict[str, str | None]] = {rule.leads_to: {} for rule in self.rules}
        self._remarkable: dict[tuple[TaskKey, str], dict[str, Found]] = {rule.leads_to: {} for rule in self.rules}
        self._tried = [
            [
                (number, rule.value, rule.leads_to, self._tasks[rule.leads_to])
                for number, rule in enumerate(self.rules)
                if rule.takes(tracker)
            ]
            for tracker in trackers
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
        """Every rule that is tried on an entry, in order; the last one has the task, if any has."""
        self._forget()
        tracker, breadcrumb, text, external_task = work
        for rule in self.rules:
            if not rule.takes(self._trackers[tracker]):
                yield Trial(rule, Miss.OTHER_TRACKER)
                continue
            value = rule.value(breadcrumb, text, external_task)
            if isinstance(value, Miss):
                yield Trial(rule, value)
                continue
            if value not in self._tasks[rule.leads_to]:
                self._learn({rule.leads_to: {value}})
            task = self._tasks[rule.leads_to][value]
            found = self._remarkable[rule.leads_to].get(value)
            yield Trial(rule, None, found.name if found else value, task, found is not None and found.is_former)
            if task is not None:
                return

    def _matched(self, works: Sequence[Work], places: Sequence[int], found: list[Match]) -> list[int]:
        """Match those at these places; returns the ones that lead to what was not looked up before: it is by now."""
        left, unknown = [], Unknown()
        for place in places:
            tracker, breadcrumb, text, external_task = works[place]
            missed: tuple[Missed, ...] = ()
            for number, value_of, leads_to, tasks in self._tried[tracker]:
                value = value_of(breadcrumb, text, external_task)
                if isinstance(value, Miss):
                    continue
                task = tasks.get(value, UNKNOWN)
                if task is UNKNOWN:
                    unknown.setdefault(leads_to, set()).add(value)
                    left.append(place)
                    break
                if task is not None:
                    if leads_to[0] is TaskKey.URL and " " in value:  # addresses before the one that leads to it
                        missed += ((leads_to, value),)
                    found[place] = (task, number, None, self._hashed(missed) if missed else None)
                    break
                missed += ((leads_to, value),)
            else:
                if missed:
                    found[place] = (None, None, missed[0][1].partition(" ")[0] or None, self._hashed(missed))
        self._learn(unknown)
        return left

    def _hashed(self, missed: tuple[Missed, ...]) -> list[int]:
        if missed not in self._hashes:
            keys = (self._keys_of(key, tracker, value) for (key, tracker), value in missed)
            self._hashes[missed] = hashes(chain.from_iterable(keys))
        return self._hashes[missed]

    def _learn(self, unknown: Unknown) -> None:
        for (key, tracker), values in unknown.items():
            found = self._look_up(key, tracker, values)
            tasks = self._tasks[key, tracker]
            tasks.update(dict.fromkeys(values))
            tasks.update((value, each.task) for value, each in found.items())
            remarkable = {value: each for value, each in found.items() if each.is_former or each.name != value}
            self._remarkable[key, tracker].update(remarkable)

    def _forget(self) -> None:
        if sum(map(len, self._tasks.values())) > MAX_REMEMBERED:
            for tasks in self._tasks.values():
                tasks.clear()
            for found in self._remarkable.values():
                found.clear()
            self._hashes.clear()
