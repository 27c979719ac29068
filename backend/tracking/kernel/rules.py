"""The rules by which work entries are matched with tasks."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum

from backend.tracking.kernel.patterns import TASK_CODE, Pattern, RememberingPattern


class MatchOn(StrEnum):
    """What a rule looks at, and how it finds the task."""

    ALWAYS_TO_TASK = "always_to_task"
    EXTERNAL_TASK_ID_TO_TASK_EXTERNAL_ID = "external_task_id_to_task_external_id"
    EXTERNAL_TASK_ID_TO_TASK_URL = "external_task_id_to_task_url"
    PATTERN_TO_TASK = "pattern_to_task"
    PATTERN_TO_TASK_CODE = "pattern_to_task_code"


class TaskKey(StrEnum):
    """By what a rule knows the task: a column of tasks."""

    CODE = "code"
    EXTERNAL_ID = "external_id"
    URL = "url"


class Miss(Enum):
    """Why a rule does not apply to a work entry."""

    OTHER_TRACKER = "it is for entries of other trackers"
    NO_EXTERNAL_TASK = "the entry names no external task"
    BREADCRUMB = "its breadcrumb pattern does not match"
    TEXT = "its text pattern does not match"
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
            self.match_on = MatchOn(facts.match_on)
            self._text = Pattern(facts.text_pattern) if facts.text_pattern else None
            self._breadcrumb = RememberingPattern(facts.breadcrumb_pattern) if facts.breadcrumb_pattern else None
        except ValueError as error:
            raise RuleError(f"rule {facts}: {error}") from None
        self.value: Callable[[str, str, str], str | Miss] = self._values()[self.match_on]
        """Of an entry's breadcrumb, text and external task: what the task is known by (`key` says what that is), or why
        the rule does not apply."""
        self._check_code()

    @property
    def key(self) -> TaskKey:
        """What `value` is."""
        return KEYS.get(self.match_on, TaskKey.CODE)

    def takes(self, tracker: str) -> bool:
        """Whether it is for entries of the tracker of this name."""
        return not self.facts.sources or tracker in self.facts.sources

    def _values(self) -> dict[MatchOn, Callable[[str, str, str], str | Miss]]:
        return {
            MatchOn.ALWAYS_TO_TASK: self._target,
            MatchOn.EXTERNAL_TASK_ID_TO_TASK_EXTERNAL_ID: self._external_task,
            MatchOn.EXTERNAL_TASK_ID_TO_TASK_URL: self._external_task,
            MatchOn.PATTERN_TO_TASK: self._target_by_pattern,
            MatchOn.PATTERN_TO_TASK_CODE: self._code_by_pattern,
        }

    def _check_code(self) -> None:
        if self.match_on is MatchOn.PATTERN_TO_TASK_CODE:
            telling = [pattern for pattern in (self._text, self._breadcrumb) if pattern and pattern.tells_code]
            if len(telling) != 1:
                number = "both its patterns have" if telling else "neither of its patterns has"
                raise RuleError(
                    f"rule {self.facts}: {number} the group {TASK_CODE}, which one of them is to have"
                )

    def _target(self, _breadcrumb: str, _text: str, _external_task: str) -> str | Miss:
        return self.facts.target_task

    def _external_task(self, _breadcrumb: str, _text: str, external_task: str) -> str | Miss:
        return external_task or Miss.NO_EXTERNAL_TASK

    def _target_by_pattern(self, breadcrumb: str, text: str, _external_task: str) -> str | Miss:
        found = self._found(breadcrumb, text)
        return found if isinstance(found, Miss) else self.facts.target_task

    def _code_by_pattern(self, breadcrumb: str, text: str, _external_task: str) -> str | Miss:
        return self._found(breadcrumb, text) or Miss.NO_CODE

    def _found(self, breadcrumb: str, text: str) -> str | Miss:
        """The code that a pattern tells, empty when it tells none."""
        code = ""
        if self._breadcrumb is not None:
            found = self._breadcrumb.found(breadcrumb)
            if found is None:
                return Miss.BREADCRUMB
            code = found
        if self._text is not None:
            found = self._text.found(text)
            if found is None:
                return Miss.TEXT
            code = code or found
        return code


KEYS = {
    MatchOn.EXTERNAL_TASK_ID_TO_TASK_EXTERNAL_ID: TaskKey.EXTERNAL_ID,
    MatchOn.EXTERNAL_TASK_ID_TO_TASK_URL: TaskKey.URL,
}
"""All others know the task by its code."""
