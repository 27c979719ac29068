from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from upkeep.embedded import postgres, redis
from upkeep.embedded.errors import EmbeddedError


class Command(BaseCommand):
    help = "Start or stop the embedded PostgreSQL and Redis, or say whether they run."
    requires_system_checks = []  # it needs no database, and must not start one

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status"])

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - as Django declares it
        try:
            getattr(self, f"_{options['action']}")(Path(settings.UPKEEP_HOME))
        except EmbeddedError as error:
            raise CommandError(str(error)) from error

    def _start(self, home: Path) -> None:
        database, broker = postgres.ensure(home), redis.ensure(home)
        self.stdout.write(f"PostgreSQL: running, socket {database.socket}")
        self.stdout.write(f"Redis: running, socket {broker.socket}")

    def _stop(self, home: Path) -> None:
        for name, server in (("PostgreSQL", postgres), ("Redis", redis)):
            self.stdout.write(f"{name}: {'stopped' if server.stop(home) else 'was not running'}")

    def _status(self, home: Path) -> None:
        for name, server in (("PostgreSQL", postgres), ("Redis", redis)):
            pid = server.running(home)
            self.stdout.write(f"{name}: {'not running' if pid is None else f'running, process {pid}'}")
