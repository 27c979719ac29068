from django.test import TestCase

from upkeep import testing
from upkeep.generator.templates.base_operation import VerbObject, verb_object
from upkeep.generator.templates.models import Item


def stored() -> list[str]:
    return sorted(Item.objects.values_list("code", flat=True))


class VerbObjectTest(TestCase):
    def setUp(self) -> None:
        for text in (" A-1", "A-2", "A-3 "):
            Item.objects.create(code=text)

    def test_white_space_is_removed(self) -> None:
        outcome = testing.run(verb_object, VerbObject())
        assert (outcome.counts["updated"], outcome.counts["unchanged"]) == (2, 1)
        assert stored() == ["A-1", "A-2", "A-3"]

    def test_no_more_rows_are_looked_at_than_the_limit_says(self) -> None:
        params = VerbObject(limit=2)
        assert testing.run(verb_object, params).counts["processed"] == 2

    def test_a_dry_run_shows_what_the_run_does(self) -> None:
        params = VerbObject()
        testing.assert_dry_run_matches(verb_object, params, state=stored)

    def test_the_second_time_there_is_nothing_to_do(self) -> None:
        params = VerbObject()
        testing.assert_idempotent(verb_object, params, state=stored)

    def test_killed_wherever_it_comes_to_the_same_end(self) -> None:
        params = VerbObject()
        testing.assert_resumable(verb_object, params, state=stored)

    def test_the_examples_of_its_help_are_valid(self) -> None:
        testing.assert_examples_valid(verb_object)
