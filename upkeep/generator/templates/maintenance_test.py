from datetime import timedelta

from django.test import TestCase
from django.utils import timezone

from upkeep import testing
from upkeep.generator.templates.maintenance_operation import VerbObject, verb_object
from upkeep.generator.templates.models import Item


def stored() -> list[str]:
    return sorted(Item.objects.values_list("code", flat=True))


class VerbObjectTest(TestCase):
    def setUp(self) -> None:
        now = timezone.now()
        for text, days in (("A-1", 400), ("A-2", 40), ("A-3", 20)):
            item = Item.objects.create(code=text)
            then = now - timedelta(days=days)
            Item.objects.filter(pk=item.pk).update(created_at=then)

    def test_what_is_older_goes(self) -> None:
        params = VerbObject(days=30)
        outcome = testing.run(verb_object, params)
        assert outcome.counts["deleted"] == 2
        assert stored() == ["A-3"]

    def test_a_year_is_kept_by_default(self) -> None:
        testing.run(verb_object, VerbObject())
        assert stored() == ["A-2", "A-3"]

    def test_it_has_to_be_confirmed(self) -> None:
        params = VerbObject()
        assert verb_object.confirmation(params) == "yes"

    def test_a_dry_run_shows_what_the_run_does(self) -> None:
        params = VerbObject(days=30)
        testing.assert_dry_run_matches(verb_object, params, state=stored)

    def test_killed_wherever_it_comes_to_the_same_end(self) -> None:
        params = VerbObject(days=30)
        testing.assert_resumable(verb_object, params, state=stored)

    def test_the_examples_of_its_help_are_valid(self) -> None:
        testing.assert_examples_valid(verb_object)
