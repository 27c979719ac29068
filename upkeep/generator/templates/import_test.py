from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import TestCase

from upkeep import testing
from upkeep.generator.templates.import_kernel import UnusableFileError
from upkeep.generator.templates.import_operation import VerbObject, verb_object
from upkeep.generator.templates.models import Item
from upkeep.operations import InputFile

HEADING = "code,title\n"
ROWS = "A-1,Alpha\nA-2,Beta\n,without a code\nA-2,twice\nA-3,Gamma,more\n"


def stored() -> list[tuple[str, str]]:
    return list(Item.objects.order_by("code").values_list("code", "title"))


class VerbObjectTest(TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(TemporaryDirectory()))
        Item.objects.create(code="A-2", title="Other")

    def params(self, text: str = HEADING + ROWS, *, update: bool = False) -> VerbObject:
        path = self.folder / "rows.csv"
        path.write_text(text, encoding="utf-8")
        return VerbObject(file=InputFile.at(str(path)), update=update)

    def test_rows_that_do_not_exist_are_created(self) -> None:
        outcome = testing.run(verb_object, self.params())
        assert outcome.counts["created"] == 1
        assert outcome.reasons == {"skipped": {"exists": 1}, "failed": {"invalid": 3}}
        assert stored() == [("A-1", "Alpha"), ("A-2", "Other")]

    def test_rows_that_exist_are_updated_when_asked_for(self) -> None:
        testing.run(verb_object, self.params(update=True))
        assert stored() == [("A-1", "Alpha"), ("A-2", "Beta")]

    def test_a_file_that_lacks_a_column_is_refused(self) -> None:
        with self.assertRaisesMessage(UnusableFileError, "lacks title"):
            testing.run(verb_object, self.params("code\nA-1\n"))

    def test_a_dry_run_shows_what_the_run_does(self) -> None:
        params = self.params(update=True)
        testing.assert_dry_run_matches(verb_object, params, state=stored)

    def test_the_second_time_there_is_nothing_to_do(self) -> None:
        params = self.params(update=True)
        testing.assert_idempotent(verb_object, params, state=stored)

    def test_killed_wherever_it_comes_to_the_same_end(self) -> None:
        params = self.params(update=True)
        testing.assert_resumable(verb_object, params, state=stored)

    def test_the_examples_of_its_help_are_valid(self) -> None:
        testing.assert_examples_valid(verb_object)
