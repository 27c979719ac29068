"""Why a work entry is matched with a task or not, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.tracking.kernel.matching import Trial
from backend.tracking.kernel.rules import Miss, RuleFacts

Told = dict[str, Any]
"""For JSON."""


def rule(facts: RuleFacts) -> Told:
    """A rule; what it does not have is left out."""
    values = {
        "rule": facts.name,
        "tracker": facts.tracker,
        "match_on": facts.match_on,
        "priority": facts.priority,
        "source_work_trackers": list(facts.sources),
        "text_pattern": facts.text_pattern,
        "breadcrumb_trail_pattern": facts.breadcrumb_pattern,
        "target_task": facts.target_task,
    }
    return {name: value for name, value in values.items() if value not in ("", [])}


def match(trials: Sequence[Trial], tasks: Mapping[str, Told]) -> Told | None:
    """The rule that applies, by what, and to which task; `tasks` are given by their ids."""
    last = trials[-1] if trials else None
    if last is None or last.task is None:
        return None
    task = tasks[last.task]
    key, _ = last.rule.leads_to
    note = {"note": f"that is a former {key} of the task: it is {task[key]} now"} if last.is_former else {}
    return {**rule(last.rule.facts), "matched": {key.value: last.value}, **note, "task": task}


def failures(trials: Sequence[Trial], tracker: str) -> list[Told]:
    """The rules that were tried on an entry of this tracker before one applied, each with the reason why it did not."""
    return [
        {**rule(trial.rule.facts), "reason": _reason(trial, tracker)} for trial in trials if trial.task is None
    ]  # fmt: skip


def _reason(trial: Trial, tracker: str) -> str:
    if trial.miss is Miss.OTHER_TRACKER:
        return f"it is for entries of {', '.join(trial.rule.facts.sources)}, and this one is of {tracker}"
    if trial.miss is not None:
        return str(trial.miss.value)
    key, _ = trial.rule.leads_to
    return f"no task of {trial.rule.facts.tracker} has the {key.value.replace('_', ' ')} {trial.value!r}"
