from django.test import TestCase

from upkeep import testing
from upkeep.generator.templates.app_operation import VerbObject, verb_object
from upkeep.operations import OperationError


def analyzed(*labels: str) -> int:
    params = VerbObject(labels=labels)
    return testing.run(verb_object, params).counts["updated"]


class VerbObjectTest(TestCase):
    def test_each_model_of_the_apps_is_an_item(self) -> None:
        one, other = analyzed("contenttypes"), analyzed("upkeep_operations")
        assert one > 0
        assert other > 1
        assert analyzed("contenttypes", "upkeep_operations") == one + other

    def test_an_app_that_is_named_twice_counts_once(self) -> None:
        assert analyzed("contenttypes", "contenttypes") == analyzed("contenttypes")

    def test_an_app_that_is_not_installed_is_refused(self) -> None:
        with self.assertRaisesMessage(OperationError, "(did you mean 'contenttypes'?), not 'contenttype'"):
            verb_object.parse({"labels": ["contenttype"]})

    def test_a_dry_run_shows_what_the_run_does(self) -> None:
        params = VerbObject(labels=("contenttypes",))
        testing.assert_dry_run_matches(verb_object, params, state=list)

    def test_the_examples_of_its_help_are_valid(self) -> None:
        testing.assert_examples_valid(verb_object)
