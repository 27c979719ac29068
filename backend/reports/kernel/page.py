"""`docs/reports.md`: the views, as their comments and the contract describe them."""

from collections.abc import Iterable, Mapping

from backend.reports.kernel.contract import Column, Promise
from backend.reports.kernel.views import View


def rendered(template: str, views: Iterable[View], promises: Mapping[str, Promise]) -> str:
    """The page: the template with a section for each view in place of `$views`."""
    sections = "\n".join(_section(view, promises[view.name]) for view in views)
    return template.replace("$views\n", sections)


def _section(view: View, promise: Promise) -> str:
    lines = [f"### report.{view.name}", "", view.comment]
    if promise.until:
        lines += ["", f"**To be removed after {promise.until}.**"]
    if promise.unique:
        keys = "; ".join(", ".join(f"`{column}`" for column in columns) for columns in promise.unique)
        lines += ["", f"Unique: {keys}"]
    lines += ["", "| column | type | meaning |", "|---|---|---|"]
    lines += [_row(name, column, view.columns[name]) for name, column in promise.columns.items()]
    return "\n".join([*lines, ""])


def _row(name: str, column: Column, comment: str) -> str:
    meaning = comment.replace("|", "\\|")
    if column.values:
        meaning += f" One of {', '.join(f'`{value}`' for value in column.values)}."
    null = "" if column.never_null else ", may be null"
    return f"| `{name}` | {column.type}{null} | {meaning} |"
