"""Write `docs/reports.md` from the comments on the views and their contract, and the record of what is promised by now.

With --check, say what is not current. A contract that breaks an earlier promise is refused either way.
"""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from backend.reports.kernel import contract, released
from backend.reports.services import definitions

PAGE = Path(__file__).parents[1] / "docs" / "reports.md"


def main(arguments: list[str]) -> int:
    """Returns the exit code: 1 where something is not current."""
    problems = [*_problems()]
    if not problems:
        texts = {PAGE: definitions.documentation(), definitions.RECORD: released.rendered(definitions.promises())}
        for path, text in texts.items():
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
            elif not path.is_file() or path.read_text(encoding="utf-8") != text:
                problems.append(f"{path.name} is not current: run `make report-docs`")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _problems() -> Iterator[str]:
    promises = definitions.promises()
    yield from contract.problems(definitions.all_views(), promises)
    yield from released.breaches(definitions.released(), promises, date.today())  # noqa: DTZ011 - dates of a calendar


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
