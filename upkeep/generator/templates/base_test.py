from django.test import TestCase

from upkeep import testing
from upkeep.generator.templates.base_operation import VerbObject, verb_object
from upkeep.generator.templates.models import Item


def stored() -> list[str]:
    return list(Item.objects.order_by("pk").values_list("code", flat=True))


class VerbObjectTest(TestCase):
    def setUp(self) -> None:
        for text in (" A-1", "A-2", "A-3 "):
            Item.objects.create(code=text)

    def test_white_space_is_removed(self) -> None:
        outcome = testing.run(verb_object, VerbObject())
        assert (outcome.counts["updated"], outcome.counts["unchanged"]) == (2, 1)
        assert stored() == ["A-1", "A-2", "A-3"]

    def test_no_more_rows_are_looked_at_than_the_limit_says(self) -> None:
        testing.run(verb_object, VerbObject(limit=2))
        assert stored() == ["A-1", "A-2", "A-3 "]

    def test_a_dry_run_shows_what_the_run_does(self) -> None:
        testing.assert_dry_run_matches(verb_object, VerbObject(), state=stored)

    def test_the_second_time_there_is_nothing_to_do(self) -> None:
        testing.assert_idempotent(verb_object, VerbObject(), state=stored)

    def test_killed_wherever_it_comes_to_the_same_end(self) -> None:
        testing.assert_resumable(verb_object, VerbObject(), state=stored)
