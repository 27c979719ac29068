from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import PositiveInt, ValidationError

import tests.operations.dvds
import tests.operations.scripted  # noqa: F401 - declares its operations
from upkeep.operations import registry
from upkeep.operations.definition import Operation
from upkeep.operations.errors import InvalidParamsError
from upkeep.operations.files import InputFile
from upkeep.operations.params import Params, Positional

OPERATIONS = list(registry.operations())


class Sample(Params):
    limit: PositiveInt | None = None
    """At most so many."""
    name: Annotated[str, Positional()]
    """Which one."""


ONE_OF_SEVERAL = {"tracking.explain_work_entry": {"username": "ann", "started_from": "2026-01-31"}}
"""Values of operations that want one parameter or another, none of which is required."""


def values_of(operation: Operation[Any]) -> dict[str, Any]:
    """Values for what has no default."""
    file = InputFile(name="a", sha256="0" * 64)
    return ONE_OF_SEVERAL.get(operation.name, {}) | {
        name: file if field.annotation is InputFile else "yes"
        for name, field in operation.params_type.model_fields.items()
        if field.is_required()
    }


def test_params_are_frozen() -> None:
    params = Sample(name="a")
    with pytest.raises(ValidationError, match="frozen"):
        params.name = "b"  # type: ignore[misc]


def test_an_unknown_parameter_is_refused_and_the_nearest_one_named() -> None:
    with pytest.raises(InvalidParamsError, match=r"unknown parameter 'limt' \(did you mean 'limit'\?\)"):
        Sample.parse({"name": "a", "limt": 3})


def test_everything_that_is_wrong_is_told_in_one_line_and_by_what_the_user_typed() -> None:
    with pytest.raises(InvalidParamsError) as caught:
        Sample.parse({"limit": "x" * 1000}, spell=lambda name: f"--{name}")
    [line] = str(caught.value).splitlines()
    assert line.startswith("--limit should be a valid integer")
    assert line.endswith("; --name is required")
    assert len(line) < 300


def test_docstrings_of_attributes_are_their_descriptions() -> None:
    assert Sample.model_fields["limit"].description == "At most so many."
    assert Sample.model_json_schema()["properties"]["name"]["description"] == "Which one."


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_the_params_of_every_operation_survive_json(operation: Operation[Any]) -> None:
    params = operation.parse(values_of(operation))
    assert operation.parse(params.model_dump(mode="json")) == params
    assert operation.params_type.model_validate_json(params.model_dump_json()) == params


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_field_of_every_operation_is_described(operation: Operation[Any]) -> None:
    assert operation.summary.endswith(".")
    assert [name for name, field in operation.params_type.model_fields.items() if not field.description] == []


@given(limit=st.none() | st.integers(1), name=st.text())
def test_any_params_survive_json(limit: int | None, name: str) -> None:
    params = Sample(limit=limit, name=name)
    assert Sample.parse(params.model_dump(mode="json")) == params
