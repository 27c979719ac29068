from django.test import TestCase

from upkeep import testing
from upkeep.generator.templates.integration_operation import VerbObject, verb_object
from upkeep.generator.templates.models import Item
from upkeep.operations import OperationError
from upkeep.testing.servers import faults
from upkeep.testing.servers.catalogue import Received, Reply
from upkeep.testing.servers.threads import serving

TITLES = {"A-1": "Alpha", "A-2": "Beta", "A-3": "Gamma"}


class Api:
    """A stand-in for the API: it has every row but A-4."""

    def key(self, request: Received) -> str:
        return request.path.removeprefix("/items/")

    def reply(self, request: Received) -> Reply:
        found = TITLES.get(self.key(request))
        return Reply.of({"title": found}) if found else self.error(404)

    def error(self, status: int) -> Reply:
        return Reply.of({"error": status}, status)


def stored() -> list[str]:
    return list(Item.objects.order_by("code").values_list("title", flat=True))


class VerbObjectTest(TestCase):
    def setUp(self) -> None:
        self.api = self.enterContext(serving(Api()))
        self.enterContext(self.settings(DOMAIN_API_URL=self.api.url))
        for text, title in (("A-1", ""), ("A-2", "Beta"), ("A-3", "C"), ("A-4", "D")):
            Item.objects.create(code=text, title=title)

    def test_what_is_blank_is_filled_in(self) -> None:
        outcome = testing.run(verb_object, VerbObject())
        assert (outcome.counts["updated"], outcome.counts["unchanged"]) == (1, 1)
        assert outcome.reasons == {"skipped": {"differs": 1, "not_found": 1}}
        assert stored() == ["Alpha", "Beta", "C", "D"]

    def test_what_differs_is_replaced_when_asked_for(self) -> None:
        testing.run(verb_object, VerbObject(force=True))
        assert stored() == ["Alpha", "Beta", "Gamma", "D"]

    def test_no_more_rows_are_asked_about_than_the_limit_says(self) -> None:
        testing.run(verb_object, VerbObject(limit=2))
        assert self.api.stats().requests == 2

    def test_an_answer_that_is_not_understood_changes_nothing(self) -> None:
        self.api.fail({"A-1": faults.patched(title=7), "A-2": faults.status(400)})
        outcome = testing.run(verb_object, VerbObject())
        assert outcome.reasons["failed"] == {"not_understood": 1, "rejected": 1}
        assert stored() == ["", "Beta", "C", "D"]

    def test_an_api_that_is_overloaded_is_asked_again(self) -> None:
        self.api.fail({"A-1": faults.status(503, times=1)})
        testing.run(verb_object, VerbObject())
        assert stored()[0] == "Alpha"

    def test_without_an_address_that_is_the_error(self) -> None:
        self.enterContext(self.settings(DOMAIN_API_URL=""))
        with self.assertRaisesMessage(OperationError, "set DOMAIN_API_URL"):
            testing.run(verb_object, VerbObject())

    def test_a_dry_run_shows_what_the_run_does(self) -> None:
        params = VerbObject(force=True)
        testing.assert_dry_run_matches(verb_object, params, state=stored)

    def test_the_second_time_there_is_nothing_to_do(self) -> None:
        params = VerbObject(force=True)
        testing.assert_idempotent(verb_object, params, state=stored)

    def test_killed_wherever_it_comes_to_the_same_end(self) -> None:
        params = VerbObject(force=True)
        testing.assert_resumable(verb_object, params, state=stored)

    def test_the_examples_of_its_help_are_valid(self) -> None:
        testing.assert_examples_valid(verb_object)
