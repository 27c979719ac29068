import csv
import json
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.management import call_command
from django.test import TestCase

from upkeep import testing
from upkeep.generator.templates.models import Item
from upkeep.generator.templates.report_operation import VerbObject, verb_object
from upkeep.operations import OutputFile

CODES = ["=1+1", "A-1", 'B with "quotes", and a comma', "C Grüße"]


class VerbObjectTest(TestCase):
    def setUp(self) -> None:
        self.path = Path(self.enterContext(TemporaryDirectory())) / "report"
        for text in CODES:
            Item.objects.create(code=text)

    def printed(self, *options: str) -> str:
        out = StringIO()
        call_command("verb_object", *options, stdout=out, stderr=StringIO())
        return out.getvalue()

    def test_it_is_printed_as_text(self) -> None:
        lines = self.printed().splitlines()
        assert [line.strip().split("  ")[1] for line in lines] == CODES

    def test_it_is_printed_as_json(self) -> None:
        rows = json.loads(self.printed("--format", "json"))
        assert [row["code"] for row in rows] == CODES

    def test_it_is_printed_as_csv(self) -> None:
        rows = csv.DictReader(StringIO(self.printed("--format", "csv")))
        assert [row["code"] for row in rows] == [f"'{CODES[0]}", *CODES[1:]]

    def test_it_is_written_to_a_file(self) -> None:
        assert self.printed("--limit", "1", "--output", str(self.path)) == ""
        assert CODES[0] in self.path.read_text(encoding="utf-8")
        assert CODES[1] not in self.path.read_text(encoding="utf-8")

    def test_a_dry_run_writes_no_file(self) -> None:
        params = VerbObject(output=OutputFile.at(str(self.path)))
        testing.run(verb_object, params, dry_run=True)
        assert not self.path.exists()

    def test_killed_wherever_it_comes_to_the_same_end(self) -> None:
        params = VerbObject(output=OutputFile.at(str(self.path)))
        testing.assert_resumable(verb_object, params, state=self.path.read_bytes)

    def test_the_examples_of_its_help_are_valid(self) -> None:
        testing.assert_examples_valid(verb_object)
