"""The rules by which work entries are matched with tasks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum

from backend.tracking.kernel.kinds import MatchOn
from backend.tracking.kernel.names import addresses
from backend.tracking.kernel.patterns.pattern import MAX_TOTAL_MEMORY, TASK_CODE, Pattern, RememberingPattern

TOO_MUCH = (
    f"the patterns of the organization take more than {MAX_TOTAL_MEMORY // 2**20} MB to match, this one included:"
    " put several into one, as in (?:a|b), or repeat less"
)


class TaskKey(StrEnum):
    """By what a rule knows the task: a column of tasks. Of several addresses the first that leads to a task counts."""

    CODE = "code"
    EXTERNAL_ID = "external_id"
    URL = "url"


class Miss(Enum):
    """Why a rule does not apply to a work entry."""

    OTHER_TRACKER = "it is for entries of other trackers"
    NO_EXTERNAL_TASK = "the entry names no external task"
    BREADCRUMB = "its breadcrumb pattern does not match"
    TEXT = "its text pattern does not match"
    NO_ADDRESS = "the entry's text holds no address"
    NO_CODE = "its pattern matches, but its group task_code is empty"


class RuleError(Exception):
    """A rule that cannot be applied; the message names it and says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """A rule as it is declared."""

    id: str
    tracker_id: str
    tracker: str
    """The name of the tracker whose tasks it leads to."""
    match_on: str
    priority: int = 0
    sources: tuple[str, ...] = ()
    """Names of trackers; empty: all of the project."""
    text_pattern: str = ""
    breadcrumb_pattern: str = ""
    target_task: str = ""

    @property
    def name(self) -> str:
        """What it is called where people read of it: it has no name of its own."""
        parts = (self.match_on, self.text_pattern, self.breadcrumb_pattern, self.target_task)
        return " ".join(part for part in parts if part)

    def __str__(self) -> str:
        return f'"{self.name}" of {self.tracker}'


class Rule:
    """A rule, ready to be applied."""

    def __init__(self, facts: RuleFacts) -> None:
        """Raises RuleError."""
        self.facts = facts
        try:
            self._match_on = MatchOn(facts.match_on)
            self._text = Pattern(facts.text_pattern) if facts.text_pattern else None
            self._breadcrumb = RememberingPattern(facts.breadcrumb_pattern) if facts.breadcrumb_pattern else None
            self._check()
        except ValueError as error:
            raise RuleError(f"rule {facts}: {error}") from None
        self._target = facts.target_task if self._match_on in TO_TARGET else ""
        self.leads_to = (KEYS.get(self._match_on, TaskKey.CODE), facts.tracker_id)
        """What `value` is, and of which tracker's tasks."""
        self.value: Callable[[str, str, str], str | Miss] = {
            MatchOn.ALWAYS_TO_TASK: self._always,
            MatchOn.PATTERN_TO_TASK: self._by_pattern,
            MatchOn.PATTERN_TO_TASK_CODE: self._by_pattern,
            MatchOn.TEXT_URL_TO_TASK_URL: self._by_address,
        }.get(self._match_on, self._by_external_task)
        """From an entry's breadcrumb, text and external task to what the task is known by, or why there is nothing."""

    @property
    def memory(self) -> int:
        """Bytes that its patterns take at most while they match."""
        return sum(pattern.memory for pattern in (self._text, self._breadcrumb) if pattern)

    def takes(self, tracker: str) -> bool:
        """Whether it is for entries of the tracker of this name."""
        return not self.facts.sources or tracker in self.facts.sources

    def _check(self) -> None:
        coded = [pattern for pattern in (self._text, self._breadcrumb) if pattern and pattern.has_code]
        if self._match_on in TO_TARGET and not self.facts.target_task:
            raise ValueError("it has no target_task")
        if self._match_on is MatchOn.PATTERN_TO_TASK_CODE and len(coded) != 1:
            raise ValueError(
                f"{'both its patterns have' if coded else 'none of its patterns has'} the group {TASK_CODE}"
            )

    def _always(self, _breadcrumb: str, _text: str, _external_task: str) -> str | Miss:
        return self._target

    def _by_external_task(self, _breadcrumb: str, _text: str, external_task: str) -> str | Miss:
        return external_task or Miss.NO_EXTERNAL_TASK

    def _by_address(self, _breadcrumb: str, text: str, _external_task: str) -> str | Miss:
        return " ".join(addresses(text)) or Miss.NO_ADDRESS

    def _by_pattern(self, breadcrumb: str, text: str, _external_task: str) -> str | Miss:
        value = self._target
        if self._breadcrumb is not None:
            code = self._breadcrumb.found(breadcrumb)
            if code is None:
                return Miss.BREADCRUMB
            value = value or code
        if self._text is not None:
            code = self._text.found(text)
            if code is None:
                return Miss.TEXT
            value = value or code
        return value or Miss.NO_CODE


def compiled(facts: Iterable[RuleFacts]) -> list[Rule]:
    """The rules, ready to be applied, in their order. Raises RuleError, also when they take too much memory."""
    rules: list[Rule] = []
    memory = 0
    for each in facts:
        rules.append(Rule(each))
        memory += rules[-1].memory
        if memory > MAX_TOTAL_MEMORY:
            raise RuleError(f"rule {each}: {TOO_MUCH}")
    return rules


TO_TARGET = frozenset({MatchOn.ALWAYS_TO_TASK, MatchOn.PATTERN_TO_TASK})
KEYS = {
    MatchOn.EXTERNAL_TASK_ID_TO_TASK_EXTERNAL_ID: TaskKey.EXTERNAL_ID,
    MatchOn.EXTERNAL_TASK_ID_TO_TASK_URL: TaskKey.URL,
    MatchOn.TEXT_URL_TO_TASK_URL: TaskKey.URL,
}
"""All others know the task by its code."""
