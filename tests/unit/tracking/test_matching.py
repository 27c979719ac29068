import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.tracking.kernel import matching
from backend.tracking.kernel.matching import UNMATCHED, Found, Match, Matcher, Trial, Work, hashes
from backend.tracking.kernel.rules import Miss, RuleError, RuleFacts, TaskKey

TRACKERS = ("hours", "more hours")
CODE_PATTERNS = [
    r"(?P<task_code>#\d+)",
    r"^(?P<task_code>#\d+).*",
    r".*(?P<task_code>[A-Z]+-\d+)",
    r"(?P<task_code>#\d*)?",
]
PLAIN_PATTERNS = ["", r"(?i)meeting", r"(see|ask) .*", r"[^/]*/ dev", r"#\d"]
WORDS = [
    "#1",
    "#2",
    "#3",
    "#",
    "AB-1",
    "see ",
    "ask ",
    "meeting",
    "MEETING",
    " / dev",
    "\n",
    "ä ",
    "x/",
    " https://t/1 ",
]
KINDS = {
    "external_task_id_to_task_external_id": TaskKey.EXTERNAL_ID,
    "external_task_id_to_task_url": TaskKey.URL,
    "external_task_id_to_task_code": TaskKey.CODE,
    "text_url_to_task_url": TaskKey.URL,
}
Tasks = Mapping[tuple[TaskKey, str], Mapping[str, str]]


class Case(NamedTuple):
    rules: Sequence[RuleFacts]
    works: Sequence[Work]
    tasks: Tasks


def rule(match_on: str = "always_to_task", **facts: object) -> RuleFacts:
    """A rule of the tracker `t1`."""
    return RuleFacts(**{"id": "r", "tracker_id": "t1", "tracker": "tasks", "match_on": match_on, **facts})  # type: ignore[arg-type]


@st.composite
def rules(draw: st.DrawFn, number: int) -> RuleFacts:
    kind = draw(st.sampled_from(["always_to_task", "pattern_to_task", "pattern_to_task_code", *KINDS]))
    text, breadcrumb = draw(st.sampled_from(PLAIN_PATTERNS)), draw(st.sampled_from(PLAIN_PATTERNS))
    if kind == "pattern_to_task_code":
        code = draw(st.sampled_from(CODE_PATTERNS))
        text, breadcrumb = (code, breadcrumb) if draw(st.booleans()) else (text, code)
    tracker = draw(st.sampled_from(["t1", "t2"]))
    return rule(
        kind,
        id=f"r{number}",
        tracker_id=tracker,
        tracker=f"tracker {tracker}",
        sources=tuple(draw(st.lists(st.sampled_from([*TRACKERS, "none"]), max_size=2))),
        text_pattern=text,
        breadcrumb_pattern=breadcrumb,
        target_task=draw(st.sampled_from(["#1", "#2", "#9"])),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    text = st.lists(st.sampled_from(WORDS), max_size=3).map("".join)
    work = st.tuples(st.sampled_from([0, 1]), text, text, st.sampled_from(["", "#1", "#3", "gone"]))
    values = st.dictionaries(st.sampled_from(["#1", "#2", "#3", "AB-1", "https://t/1"]), st.uuids().map(str))
    return Case(
        [draw(rules(number)) for number in range(draw(st.integers(0, 5)))],
        draw(st.lists(work, max_size=12)),
        {(key, tracker): draw(values) for key in TaskKey for tracker in ("t1", "t2")},
    )


def matcher(case: Case) -> Matcher:
    def look_up(key: TaskKey, tracker: str, values: Collection[str]) -> dict[str, Found]:
        tasks = case.tasks[key, tracker]
        return {value: Found(tasks[value], value, is_former=value == "#3") for value in values if value in tasks}

    return Matcher(case.rules, TRACKERS, look_up, keys)


def keys(key: TaskKey, _tracker: str, value: str) -> list[str]:
    """What a value is looked up by here: itself, or each address in it."""
    return value.split() if key is TaskKey.URL else [value]


def naively(case: Case, work: Work) -> Match:
    """As it would be told to somebody who reads one rule after the other."""
    place, breadcrumb, text, external_task = work
    missed: list[str] = []
    for number, facts in enumerate(case.rules):
        if facts.sources and TRACKERS[place] not in facts.sources:
            continue
        key, value = KINDS.get(facts.match_on, TaskKey.CODE), facts.target_task
        if facts.match_on == "text_url_to_task_url":
            value = " ".join(dict.fromkeys(word for word in text.split() if "://" in word))
        elif facts.match_on in KINDS:
            value = external_task
        elif facts.match_on != "always_to_task":
            found = [re.match(facts.breadcrumb_pattern, breadcrumb), re.match(facts.text_pattern, text)]
            if None in found:
                continue
            if facts.match_on == "pattern_to_task_code":
                value = "".join(match.groupdict().get("task_code") or "" for match in found if match)
        task = case.tasks[key, facts.tracker_id].get(value) if value else None
        if value and (task is None or " " in value):
            missed += keys(key, facts.tracker_id, value) if key is TaskKey.URL else [value]
        if task is not None:
            return task, number, None, hashes(missed) or None
    return None, None, missed[0] if missed else None, hashes(missed) or None


@given(cases())
@settings(max_examples=60)
def test_every_entry_gets_the_first_task_that_a_rule_leads_to(case: Case) -> None:
    assert matcher(case).matches(case.works) == [naively(case, work) for work in case.works]


@given(cases())
@settings(max_examples=60)
def test_what_is_explained_is_what_is_matched(case: Case) -> None:
    ready = matcher(case)
    for work, match in zip(case.works, ready.matches(case.works), strict=True):
        trials = list(ready.trials(work))
        last = trials[-1] if trials else None
        told = (last.task, len(trials) - 1) if last and last.task else UNMATCHED[:2]
        assert told == match[:2]
        assert [trial.rule.facts for trial in trials] == list(case.rules[: len(trials)])
        assert all(trial.task is None for trial in trials[:-1])
        assert len(trials) == len(case.rules) or told != UNMATCHED[:2]
        assert [trial.is_former for trial in trials] == [
            trial.value == "#3" and trial.task is not None for trial in trials
        ]


@given(cases(), st.integers(0, 3))
@settings(max_examples=30)
def test_forgetting_what_was_looked_up_changes_nothing(case: Case, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "MAX_REMEMBERED", most)
        ready = matcher(case)
        for work in [*case.works, *case.works]:
            assert ready.matches([work]) == [naively(case, work)]


def trials(facts: RuleFacts, work: Work) -> list[Trial]:
    return list(Matcher([facts], TRACKERS, lambda *_: {}, keys).trials(work))


@pytest.mark.parametrize(
    ("facts", "miss"),
    [
        (rule("always_to_task", target_task="x", sources=("more hours",)), Miss.OTHER_TRACKER),
        (rule("external_task_id_to_task_url"), Miss.NO_EXTERNAL_TASK),
        (rule("external_task_id_to_task_code"), Miss.NO_EXTERNAL_TASK),
        (rule("text_url_to_task_url"), Miss.NO_ADDRESS),
        (rule("pattern_to_task", target_task="x", breadcrumb_pattern="y", text_pattern="z"), Miss.BREADCRUMB),
        (rule("pattern_to_task", target_task="x", breadcrumb_pattern="b", text_pattern="z"), Miss.TEXT),
        (rule("pattern_to_task_code", text_pattern="t(?P<task_code>[0-9]*)"), Miss.NO_CODE),
        (rule("always_to_task", target_task="x"), None),
    ],
)
def test_a_rule_that_does_not_apply_says_why(facts: RuleFacts, miss: Miss | None) -> None:
    [trial] = trials(facts, (0, "breadcrumb", "text", ""))
    assert (trial.miss, trial.task) == (miss, None)


def test_tasks_are_looked_up_together_and_once() -> None:
    asked: list[set[str]] = []

    def look_up(_key: TaskKey, _tracker: str, values: Collection[str]) -> dict[str, Found]:
        asked.append(set(values))
        return {value: Found(f"id of {value}", value) for value in values if value != "#2"}

    ready = Matcher([rule("pattern_to_task_code", text_pattern=r"(?P<task_code>#\d)")], TRACKERS, look_up, keys)
    works: list[Work] = [(0, "", f"#{number % 3} again", "") for number in range(30)]
    assert ready.matches(works)[:3] == [
        ("id of #0", 0, None, None), ("id of #1", 0, None, None), (None, None, "#2", hashes(["#2"]))
    ]  # fmt: skip
    ready.matches(works)
    assert asked == [{"#0", "#1", "#2"}]


def test_not_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MAX_REMEMBERED", 5)
    asked: list[str] = []

    def look_up(_key: TaskKey, _tracker: str, values: Collection[str]) -> dict[str, Found]:
        asked.extend(values)
        return {}

    ready = Matcher([rule("pattern_to_task_code", text_pattern=r"(?P<task_code>#\d+)")], TRACKERS, look_up, keys)
    for number in [*range(6), 0]:
        ready.matches([(0, "", f"#{number}", "")])
    assert asked.count("#0") == 2


def test_rules_that_take_more_memory_than_an_organization_may_are_refused() -> None:
    heavy = rule("pattern_to_task", target_task="x", text_pattern=r"\w{1,200}")
    with pytest.raises(RuleError, match="take more than 32 MB to match"):
        Matcher([heavy] * 70, TRACKERS, lambda *_: {}, keys)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (rule("pattern_to_task", target_task="x", text_pattern="("), r"missing \)"),
        (rule("pattern_to_task_code", text_pattern="x"), "none of its patterns has the group task_code"),
        (
            rule("pattern_to_task_code", text_pattern="(?P<task_code>x)", breadcrumb_pattern="(?P<task_code>x)"),
            "both its patterns have the group task_code",
        ),
        (rule("always_to_task"), "it has no target_task"),
        (rule("sometimes"), "sometimes"),
    ],
)
def test_a_rule_that_cannot_be_applied_is_named_with_the_reason(facts: RuleFacts, reason: str) -> None:
    with pytest.raises(RuleError, match=f'^rule ".*" of tasks: .*{reason}'):
        Matcher([facts], TRACKERS, lambda *_: {}, keys)
