from typing import Any

from django.core.management.base import CommandError

from upkeep.operations.delivery import sweep
from upkeep.operations.terminal.base import TolerantCommand


class Command(TolerantCommand):
    help = "Restarts runs that lost their worker or their message, once. Workers do that by themselves, all the time."

    def handle(self, *_args: Any, **_options: Any) -> None:
        swept = sweep.sweep()
        for run in swept.released:
            self.stdout.write(f"{run.operation} {run.id}: its executor was lost; it is {run.status}")
        for run_id in swept.skipped:
            self.stdout.write(f"{run_id}: it expired before a worker took it; it is skipped")
        for run_id in swept.finished:
            self.stdout.write(f"{run_id}: its parts have all ended")
        self.stdout.write(f"runs that lost their executor: {len(swept.released)}, messages sent: {len(swept.sent)}")
        if swept.unreachable:
            raise CommandError(f"queued runs wait: no broker answers for {', '.join(swept.unreachable)}")
