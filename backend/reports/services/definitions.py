"""The files that define the views, what is promised of them, and the page that describes both."""

from pathlib import Path

from backend.reports.kernel import contract, page, views
from backend.reports.kernel.contract import Promise
from backend.reports.kernel.views import View

FOLDER = Path(__file__).parents[1] / "views"
RECORD = FOLDER / "released.toml"
ORDER = ("task", "work", "unmatched_work", "assignee", "contribution", "dvd", "operation_run")
"""In which views are shown; those that it lacks come after them."""


def all_views() -> list[View]:
    """The views of the files. Raises ViewFileError."""
    parts = {path.stem: _text(path).strip() for path in (FOLDER / "parts").glob("*.sql")}
    found = [views.parsed(path.stem, _text(path), parts) for path in sorted(FOLDER.glob("*.sql"))]
    return sorted(found, key=lambda view: ORDER.index(view.name) if view.name in ORDER else len(ORDER))


def promises() -> dict[str, Promise]:
    """What is promised of each view."""
    return contract.parsed(_text(FOLDER / "contract.toml"))


def released() -> dict[str, Promise]:
    """What was promised before."""
    return contract.parsed(_text(RECORD))


def documentation() -> str:
    """What `docs/reports.md` has to say."""
    return page.rendered(_text(FOLDER / "page.md"), all_views(), promises())


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
