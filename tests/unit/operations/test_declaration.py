from typing import Annotated, Any

import pytest
from pydantic import Field, SecretBytes, SecretStr, create_model

from tests.operations.dvds import AddOne, Read, Remove, add_one, read_file, remove_dvds
from tests.operations.scripted import scripted_alone
from upkeep.operations import registry, runner
from upkeep.operations.context import RunContext
from upkeep.operations.declaration import operation
from upkeep.operations.errors import InvalidParamsError, OperationError, UnconfirmedError, UnknownOperationError
from upkeep.operations.files import InputFile
from upkeep.operations.params import RESERVED_NAMES, Params

HELP = Field(description="What it means.")


class Nothing(Params):
    pass


def do_nothing(params: Nothing, run: RunContext) -> None:
    """Do nothing."""


def undocumented(params: Nothing, run: RunContext) -> None:
    pass


def unannotated(params: Any, run: RunContext) -> None:
    """Do nothing."""


def annotated_for_type_checkers_alone(params: "Unimported", run: RunContext) -> None:  # type: ignore[name-defined]  # noqa: F821
    """Do nothing."""


def plain(params: int, run: RunContext) -> None:
    """Do nothing."""


def with_params(params_type: type[Params]) -> Any:
    """A function that has such params."""

    def do_nothing(params: Any, run: RunContext) -> None:
        """Do nothing."""

    do_nothing.__annotations__["params"] = params_type
    return do_nothing


@pytest.fixture(autouse=True)
def _no_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a test end with it."""
    monkeypatch.setattr(registry, "_problems", [])
    monkeypatch.setattr(registry, "_examined", [])


def refusal(declare: Any, function: Any) -> registry.Problem:
    """Why the declaration was refused."""
    declare(function)
    [problem] = registry.problems()
    return problem


def test_an_operation_is_what_its_declaration_says() -> None:
    assert (add_one.name, add_one.short_name, add_one.queue) == ("testing.add_one", "add_one", "default")
    assert add_one.summary == "Add one copy of each DVD."
    assert add_one.description == "Add one copy of each DVD.\n\nTwenty of them in the first batch."
    assert add_one.params_type is AddOne


@pytest.mark.parametrize("name", ["testing.add_one", "other.add_one", "testing.scripted_by_itself"])
def test_a_name_that_is_taken_is_refused_and_both_places_are_named(name: str) -> None:
    problem = refusal(operation(name), do_nothing)
    assert problem.id == "upkeep_operations.E011"
    assert "of tests.operations." in problem.message
    assert f"{name} of {__name__}" in problem.message
    assert registry.find("testing.add_one") is add_one


def test_two_operations_of_one_module_are_told_apart_by_their_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_operations", "_names"):
        monkeypatch.setattr(registry, name, {})
    operation("testing.twice")(do_nothing)
    operation("testing.twice")(with_params(Nothing))
    [problem] = registry.problems()
    lines = [function.__code__.co_firstlineno for function in (do_nothing, with_params(Nothing))]
    assert problem.message.endswith(
        f"testing.twice of {__name__} (`do_nothing`, line {lines[0]}) and "
        f"testing.twice of {__name__} (`do_nothing`, line {lines[1]})."
    )


def test_a_declaration_without_a_name_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match=r'write `@operation\("tests\.do_nothing"\)` above `def do_nothing`'):
        operation(do_nothing)  # type: ignore[arg-type]


def test_an_operation_cannot_be_called() -> None:
    with pytest.raises(TypeError, match=r"testing\.add_one is an operation, which is run, not called: put"):
        add_one(AddOne(), None)  # type: ignore[operator]


def test_an_alias_that_is_taken_is_refused_and_leaves_nothing_behind() -> None:
    problem = refusal(operation("testing.fresh", aliases=("add_one",)), do_nothing)
    assert "Two operations have the name 'add_one'" in problem.message
    with pytest.raises(UnknownOperationError):
        registry.find("testing.fresh")


@pytest.mark.parametrize(
    "name", ["verb", "a.b.c", "", "Testing.verb", "testing.verb-object", "testing.1st", "a.", ".b"]
)
def test_a_name_that_is_not_a_domain_and_a_verb_is_refused(name: str) -> None:
    problem = refusal(operation(name), do_nothing)
    assert problem.id == "upkeep_operations.E012"
    assert f"Operation {name!r} of {__name__}" in problem.message
    assert "domain.verb_object" in problem.hint


def test_an_operation_that_was_refused_is_not_run_under_the_name_of_another() -> None:
    impostor = operation("testing.add_one")(do_nothing)
    with pytest.raises(OperationError, match=r"testing\.add_one was refused when it was declared: `manage\.py check`"):
        runner.execute(impostor, Nothing())


def test_an_operation_without_a_docstring_is_refused() -> None:
    problem = refusal(operation("testing.undocumented"), undocumented)
    assert (problem.id, "has no docstring" in problem.message) == ("upkeep_operations.E013", True)


@pytest.mark.parametrize("function", [unannotated, annotated_for_type_checkers_alone, plain])
def test_params_that_are_not_a_class_of_parameters_are_refused(function: Any) -> None:
    problem = refusal(operation("testing.unannotated"), function)
    assert problem.id == "upkeep_operations.E014"
    assert "`params: Name`" in problem.hint


def test_everything_that_is_wrong_with_a_declaration_is_reported() -> None:
    operation("wrong")(undocumented)
    assert [problem.id for problem in registry.problems()] == ["upkeep_operations.E012", "upkeep_operations.E013"]
    assert all("\n" not in problem.message + problem.hint for problem in registry.problems())


@pytest.mark.parametrize("secret", [SecretStr, SecretBytes, SecretStr | None, list[SecretStr], Annotated[SecretStr, 1]])
def test_a_secret_among_the_params_is_refused(secret: Any) -> None:
    problem = refusal(
        operation("testing.leaky"), with_params(create_model("Leaky", __base__=Params, token=(secret, HELP)))
    )
    assert problem.id == "upkeep_operations.E015"
    assert "parameter 'token' is a secret" in problem.message


@pytest.mark.parametrize("description", [None, "", " \n"])
def test_a_parameter_without_help_is_reported_and_its_operation_runs_nevertheless(
    monkeypatch: pytest.MonkeyPatch, description: str | None
) -> None:
    for name in ("_operations", "_names"):
        monkeypatch.setattr(registry, name, {})
    fields: Any = {"limit": (int, Field(description=description)), "known": (int, HELP)}
    problem = refusal(operation("testing.mute"), with_params(create_model("Mute", __base__=Params, **fields)))
    assert (problem.id, problem.message) == (
        "upkeep_operations.E017", "Operation 'testing.mute': parameter 'limit' has no help."
    )  # fmt: skip
    assert registry.find("mute").name == "testing.mute"


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
@pytest.mark.filterwarnings("ignore:Field name .* shadows an attribute")
def test_a_parameter_with_a_name_of_the_command_line_is_refused(name: str) -> None:
    shadowing: Any = type("Shadowing", (Params,), {"__annotations__": {name: str}, name: HELP, "__module__": __name__})
    problem = refusal(operation("testing.shadowing"), with_params(shadowing))
    assert problem.id == "upkeep_operations.E015"
    assert f"parameter {name!r} has a name that is reserved for the command line" in problem.message


@pytest.mark.parametrize("name", ["testing.scripted_alone", "scripted_alone", "testing.scripted_by_itself"])
def test_an_operation_is_found_by_its_name_its_short_name_and_its_aliases(name: str) -> None:
    assert registry.find(name) is scripted_alone


def test_a_name_that_nobody_has_is_told_the_nearest_one() -> None:
    with pytest.raises(UnknownOperationError, match=r"no operation 'ad_one': did you mean 'add_one'\?") as caught:
        registry.find("ad_one")
    assert caught.value.exit_code == 2
    with pytest.raises(UnknownOperationError, match="`run_task` lists them all"):
        registry.find("§")


def test_operations_are_listed_by_name() -> None:
    names = [operation.name for operation in registry.operations()]
    assert names == sorted(set(names))
    assert "testing.scripted_by_itself" not in names


def test_a_key_and_a_confirmation_may_follow_from_the_params() -> None:
    assert add_one.exclusive_key(AddOne()) == "testing:dvds"
    assert read_file.exclusive_key(Read(file=InputFile(name="", sha256=""))) is None
    assert remove_dvds.confirmation(Remove(kind="old")) == "old"
    assert add_one.confirmation(AddOne()) is None


def test_only_the_very_word_confirms() -> None:
    remove_dvds.check_confirmed(Remove(kind="old"), confirm="old")
    for word in ("", "Old", "old ", "yes"):
        with pytest.raises(UnconfirmedError, match="nothing was touched") as caught:
            remove_dvds.check_confirmed(Remove(kind="old"), confirm=word)
        assert caught.value.exit_code == 2


def test_only_what_writes_has_a_dry_run() -> None:
    add_one.check_dry_run(dry_run=True)
    with pytest.raises(InvalidParamsError):
        read_file.check_dry_run(dry_run=True)


@pytest.mark.parametrize(
    "examples", [("--dry-run", "Look."), "--dry-run", {"--dry-run": "Look."}, 1, (("--dry-run",),)]
)
def test_examples_that_are_no_pairs_of_texts_are_refused(examples: Any) -> None:
    problem = refusal(operation("testing.fresh", examples=examples), do_nothing)
    assert problem.id == "upkeep_operations.E019"
    assert "its examples are not pairs of texts" in problem.message
