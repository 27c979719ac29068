from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.operations.dvds import AddOne, Read, Remove, add_one, read_file, remove_dvds
from tests.operations.scripted import scripted_alone
from upkeep.operations import registry
from upkeep.operations.context import RunContext
from upkeep.operations.declaration import operation
from upkeep.operations.errors import InvalidParamsError, UnconfirmedError, UnknownOperationError
from upkeep.operations.files import InputFile
from upkeep.operations.params import Params


class Nothing(Params):
    pass


def do_nothing(params: Nothing, run: RunContext) -> None:
    """Do nothing."""


def undocumented(params: Nothing, run: RunContext) -> None:
    pass


def unannotated(params: Any, run: RunContext) -> None:
    """Do nothing."""


def test_an_operation_is_what_its_declaration_says() -> None:
    assert (add_one.name, add_one.short_name, add_one.queue) == ("testing.add_one", "add_one", "default")
    assert add_one.summary == "Add one copy of each DVD."
    assert add_one.description == "Add one copy of each DVD.\n\nTwenty of them in the first batch."
    assert add_one.params_type is AddOne


@pytest.mark.parametrize("name", ["testing.add_one", "other.add_one", "testing.scripted_by_itself"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="has the name"):
        operation(name)(do_nothing)
    assert registry.find("testing.add_one") is add_one


def test_an_alias_that_is_taken_is_refused_and_leaves_nothing_behind() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"'testing\.add_one' has the name 'add_one' already"):
        operation("testing.fresh", aliases=("add_one",))(do_nothing)
    with pytest.raises(UnknownOperationError):
        registry.find("testing.fresh")


@pytest.mark.parametrize("name", ["verb", "a.b.c", ""])
def test_a_name_that_is_not_a_domain_and_a_verb_is_refused(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"domain\.verb_object"):
        operation(name)(do_nothing)


def test_an_operation_without_a_docstring_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="and a docstring"):
        operation("testing.undocumented")(undocumented)


def test_params_that_are_no_model_are_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="annotated with a Params model"):
        operation("testing.unannotated")(unannotated)


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
