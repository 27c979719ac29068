"""Messages that nobody's Celery wrote, as a worker meets them first."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.config.celery import app
from upkeep.worker.protocol import fault

HEADERS: dict[str, Any] = {
    "task": "testing.add_one", "id": "5f1c", "lang": "py", "root_id": "5f1c", "parent_id": None, "group": None,
    "retries": 0, "timelimit": [None, None], "eta": None, "expires": None, "argsrepr": "()", "kwargsrepr": "{}",
    "origin": "gen1@host", "ignore_result": False, "replaced_task_nesting": 0, "stamped_headers": None, "stamps": {},
}  # fmt: skip
BODY: list[Any] = [[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("protocol", [1, 2])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"countdown": 5, "expires": 60, "time_limit": 3.5, "soft_time_limit": 2},
        {"group_id": "g", "group_index": 1, "root_id": "r", "parent_id": "p", "reply_to": "x", "shadow": "s"},
        {"link": [{"task": "x"}], "link_error": [{"task": "y"}], "headers": {"own": [1]}},
    ],
)
def test_what_celery_sends_is_a_task(protocol: int, options: dict[str, Any]) -> None:
    make = app.amqp.as_task_v1 if protocol == 1 else app.amqp.as_task_v2
    for name in {"link": "callbacks", "link_error": "errbacks"}.items():
        options = {name[1] if key == name[0] else key: value for key, value in options.items()}
    own = options.pop("headers", {}) if protocol == 2 else (options.pop("headers", None), {})[1]
    if protocol == 1:
        options = {key: value for key, value in options.items() if key not in ("group_index", "root_id", "parent_id")}
    headers, properties, body, *_ = make("5f1c", "testing.add_one", args=[1], kwargs={"a": 1}, **options)
    assert fault({**headers, **own}, properties, body) is None


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("id", None), ("id", 5), ("id", ["5f1c"]), ("id", ""), ("id", "x" * 256), ("task", 7), ("task", {}),
        ("root_id", 1), ("parent_id", []), ("group", {}), ("group_index", "1"), ("shadow", 1), ("eta", 5),
        ("expires", [1]), ("retries", "1"), ("retries", -1), ("retries", 2**40), ("timelimit", 3), ("timelimit", [1]),
        ("timelimit", ["a", "b"]), ("timelimit", [float("nan"), None]), ("timelimit", [None, -1]),
        ("eta", "soon"), ("eta", "9999-12-31T23:59:59-14:00"), ("expires", "0001-01-01T00:00:00+14:00"),
         ("argsrepr", 5), ("kwargsrepr", {}), ("origin", 1), ("ignore_result", "yes"),
        ("replaced_task_nesting", None.__class__), ("stamped_headers", "all"), ("stamps", []),
    ],
)  # fmt: skip
def test_a_header_of_another_type_is_told_by_its_name(header: str, value: object) -> None:
    told = fault({**HEADERS, header: value}, {}, BODY)
    assert told
    assert told.startswith(header)
    assert len(told) < 300
    assert told.isprintable()


@pytest.mark.parametrize(
    ("headers", "properties", "body", "told"),
    [
        (None, {}, BODY, "no headers"),
        ({}, {}, BODY, "no headers"),
        (HEADERS, {"correlation_id": 5}, BODY, "correlation_id"),
        (HEADERS, {"reply_to": {}}, BODY, "reply_to"),
        (HEADERS, {}, None, "does not consist"),
        (HEADERS, {}, 5, "does not consist"),
        (HEADERS, {}, [[], {}], "does not consist"),
        (HEADERS, {}, [{}, {}, None], "args"),
        (HEADERS, {}, [[], [], None], "kwargs"),
        (HEADERS, {}, [[], {}, []], "third part"),
        (HEADERS, {}, [[], {}, {"callbacks": "all"}], "callbacks"),
        (HEADERS, {}, [[], {}, {"chord": 1}], "chord"),
        ({}, {}, {"task": "testing.add_one", "id": "5f1c", "args": [], "kwargs": 5}, "kwargs"),
        ({}, {}, {"task": "testing.add_one", "args": [], "kwargs": {}}, "id is required"),
        ({}, {}, {"task": "testing.add_one", "id": "5f1c", "args": [], "taskset": 1}, "group"),
        ({"task": "testing.add_one", "id": "5f1c"}, {}, {"args": [], "eta": 5}, "eta"),
        (HEADERS, {}, {"kwargs": {}}, "does not consist"),
    ],
)
def test_the_rest_of_a_message_is_looked_at_too(headers: Any, properties: Any, body: Any, told: str) -> None:
    assert told in (fault(headers, properties, body) or "")


@given(st.dictionaries(st.sampled_from([*HEADERS, "own"]), VALUES), VALUES, VALUES)
def test_whatever_it_holds_the_answer_is_one_short_line(changed: dict[str, Any], properties: Any, body: Any) -> None:
    for headers in (changed, {**HEADERS, **changed}):
        told = fault(headers, properties, body)
        assert told is None or (told.isprintable() and len(told) < 3000)
