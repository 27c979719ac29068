"""Views as their `.sql` files define them: one query, and a comment on the view and on every column."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

HEAD = re.compile(r"CREATE VIEW report\.(\w+) WITH \(security_barrier\) AS\n(.+?);\n", re.DOTALL)
COMMENT = re.compile(r"COMMENT ON (?:VIEW report\.(\w+)|COLUMN report\.(\w+)\.(\w+)) IS '((?:[^']|'')+)';\n")
MAX_NESTING = 5
"""Of parts within parts."""


class ViewFileError(ValueError):
    """A file that does not define a view as the others do; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class View:
    """A view of the schema `report`."""

    name: str
    query: str
    comment: str
    columns: Mapping[str, str]
    """The comment on each column, in the order of the file."""


def parsed(name: str, text: str, parts: Mapping[str, str]) -> View:
    """The view of a file. Raises ViewFileError.

    Args:
        name: the view's, and the file's without its suffix.
        text: of the file; `$tracker` stands for the part of that name.
        parts: SQL that views have in common, by name.
    """
    head = HEAD.match(text)
    if head is None or head[1] != name:
        raise ViewFileError(f"{name}.sql must begin with: CREATE VIEW report.{name} WITH (security_barrier) AS")
    rest = text[head.end() :]
    if junk := COMMENT.sub("", rest).strip():
        raise ViewFileError(f"{name}.sql holds something that is not a comment on the view: {junk.splitlines()[0]}")
    comments: dict[str, str] = {}
    for of_view, of_column, column, comment in COMMENT.findall(rest):
        if (of_view or of_column) != name:
            raise ViewFileError(f"{name}.sql has a comment on report.{of_view or of_column}")
        comments[column] = comment.replace("''", "'")
    if "" not in comments:
        raise ViewFileError(f"{name}.sql has no comment on the view")
    return View(name, _expanded(head[2], parts), comments.pop(""), comments)


def _expanded(query: str, parts: Mapping[str, str]) -> str:
    for _ in range(MAX_NESTING):
        query = Template(query).substitute(parts)
    return query
