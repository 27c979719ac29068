from django.test import TestCase

from upkeep import testing
from upkeep.generator.templates.models import Item
from upkeep.generator.templates.text_operation import VerbObject, verb_object
from upkeep.operations import OperationError


def stored() -> list[str]:
    return list(Item.objects.order_by("code").values_list("code", flat=True))


class VerbObjectTest(TestCase):
    def setUp(self) -> None:
        Item.objects.create(code="A-1")

    def test_there_is_a_row_for_each_label(self) -> None:
        params = VerbObject(labels=("A-1", "A-2", "A-2"))
        outcome = testing.run(verb_object, params)
        assert (outcome.counts["created"], outcome.counts["unchanged"]) == (1, 1)
        assert stored() == ["A-1", "A-2"]

    def test_without_a_label_that_is_the_error(self) -> None:
        with self.assertRaisesMessage(OperationError, "at least 1 item"):
            verb_object.parse({"labels": []})

    def test_a_dry_run_shows_what_the_run_does(self) -> None:
        params = VerbObject(labels=("A-1", "A-2"))
        testing.assert_dry_run_matches(verb_object, params, state=stored)

    def test_the_second_time_there_is_nothing_to_do(self) -> None:
        params = VerbObject(labels=("A-1", "A-2"))
        testing.assert_idempotent(verb_object, params, state=stored)

    def test_the_examples_of_its_help_are_valid(self) -> None:
        testing.assert_examples_valid(verb_object)
