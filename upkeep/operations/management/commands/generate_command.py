from typing import Any

from django.core.management.base import CommandParser
from django.utils.module_loading import import_string

from upkeep.conf import conf
from upkeep.operations.errors import OperationError
from upkeep.operations.terminal.base import TolerantCommand


class Command(TolerantCommand):
    help = "Writes a new operation with its tests, and the app if there is none of that name. No file is overwritten."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("app", metavar="APP", help="The label of an app of this project, or that of a new one.")
        parser.add_argument("name", metavar="NAME", help="What the operation does: sync_prices.")
        help_text = (
            "base: go through rows; import: a CSV file; maintenance: delete old rows; report: text, JSON or CSV; "
            "integration: compare with an API. Default: base."
        )
        parser.add_argument("--type", default="base", metavar="TYPE", help=help_text)
        help_text = "Let it take the labels of installed apps (app), or any texts (text), in the place of all rows."
        parser.add_argument("--labels", default="", metavar="KIND", help=help_text)
        parser.add_argument(
            "--description", default="", metavar="TEXT", help="What it does, in one sentence: its help."
        )
        parser.add_argument("--dry-run", action="store_true", help="Only show what would be written.")

    def handle(self, *_args: Any, **options: Any) -> None:
        from upkeep.generator.generation import Generation  # noqa: PLC0415 - for this command alone
        from upkeep.generator.hints import hints  # noqa: PLC0415 - as above
        from upkeep.generator.layout import Layout  # noqa: PLC0415 - as above

        try:
            layout = import_string(conf().LAYOUT)() if conf().LAYOUT else Layout()
        except ImportError as error:
            raise OperationError(f'UPKEEP["LAYOUT"] leads nowhere: {error}') from error
        fields = ("app", "name", "type", "labels", "description")
        generation = Generation(layout, **{field: options[field] for field in fields})
        if not options["dry_run"]:
            generation.write()
        for line in hints(generation, dry_run=options["dry_run"]):
            self.stdout.write(line)
