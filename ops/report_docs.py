"""Write `docs/reports.md` from the comments on the views and their contract; with --check, say what is not current."""

import sys
from pathlib import Path

from backend.reports.kernel import contract
from backend.reports.services import definitions

PAGE = Path(__file__).parents[1] / "docs" / "reports.md"


def main(arguments: list[str]) -> int:
    """Returns the exit code: 1 where something is not current."""
    problems = [*contract.problems(definitions.all_views(), definitions.promises())]
    if not problems:
        text = definitions.documentation()
        if "--check" not in arguments:
            PAGE.write_text(text, encoding="utf-8")
        elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
            problems.append("docs/reports.md is not current: run `make report-docs`")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
