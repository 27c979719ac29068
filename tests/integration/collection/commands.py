import json
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command

from upkeep.operations.models import Run


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    exit_code: int
    outcome: dict[str, Any]
    error: str

    @property
    def counts(self) -> dict[str, int]:
        """Those that are not zero."""
        return {action: number for action, number in self.outcome["counts"].items() if number}

    @property
    def reasons(self) -> dict[str, int]:
        """Of the items that were skipped or failed."""
        reasons: dict[str, int] = self.outcome["reasons"]
        return reasons

    @property
    def run(self) -> Run:
        return Run.objects.get(pk=self.outcome["run"])

    @property
    def report(self) -> list[str]:
        """The lines for people."""
        return list(self.run.report)


def ran(name: str, *options: str) -> Ended:
    """Run a command with these options, here and now."""
    out = StringIO()
    code, error = 0, ""
    try:
        call_command(name, *options, "--json", stdout=out, stderr=StringIO())
    except CommandError as failure:
        code, error = failure.returncode, str(failure)
    text = out.getvalue()
    return Ended(code, json.loads(text) if text else {}, error)
