"""A command of a project that knows nothing of Upkeep."""

import signal
import subprocess
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from backend.collection.models import DVD

GATE = 20_261_127
"""An advisory lock of PostgreSQL: a test that holds it decides when the command goes on."""


class Command(BaseCommand):
    help = "Says something, and adds a DVD when it begins and another one when it ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("words", nargs="*", help="What to say.")
        parser.add_argument("--seconds", type=float, default=0.0, help="How long it takes, once it has spoken.")
        parser.add_argument("--code", type=int, choices=range(256), default=0, help="How to exit.")
        parser.add_argument("--error", help="What to fail by.")
        parser.add_argument("--signal", type=int, help="What to end itself by.")
        parser.add_argument("--ask", action="store_true", help="Ask something first.")
        parser.add_argument("--deaf", action="store_true", help="Let Ctrl-C pass.")
        parser.add_argument("--together", action="store_true", help="Add both DVDs in one transaction.")
        parser.add_argument("--statement", action="store_true", help="Take long in a statement of the database.")
        parser.add_argument("--child", action="store_true", help="Let a process of its own add the second DVD.")
        parser.add_argument("--gate", action="store_true", help="Wait until nobody holds the gate.")
        parser.add_argument("--dry-run", action="store_true", help="Add nothing.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["deaf"]:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if options["ask"]:
            self.stdout.write(f"the answer is {input('Sure? ')}")
        for word in options["words"]:
            self.stdout.write(self.style.SUCCESS(word))
        if options["together"]:
            with transaction.atomic():
                self._work(options)
        else:
            self._work(options)
        if options["error"]:
            raise CommandError(options["error"])
        if options["signal"]:
            signal.raise_signal(signal.Signals(options["signal"]))
        sys.exit(options["code"])

    def _work(self, options: dict[str, Any]) -> None:
        if options["dry_run"]:
            self.stdout.write("nothing is added")
            return
        DVD.objects.create(name="begun")
        self.stdout.write("begun")
        if options["child"]:
            self.stdout.flush()
            subprocess.run([sys.executable, "manage.py", "talk", f"--seconds={options['seconds']}"], check=True)
        elif options["statement"]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(%s)", [options["seconds"]])
        elif options["gate"]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [GATE])
        else:
            time.sleep(options["seconds"])
        DVD.objects.create(name="ended")
