"""Other names of keys, so that whatever reads a document knows one name of each."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from backend.tracking.kernel.configuration.documents import Document, Path
from backend.tracking.kernel.configuration.problems import Problem

ALIASES: Mapping[str, Mapping[str, str]] = {"work_matches": {"breadcrumb_pattern": "breadcrumb_trail_pattern"}}
"""By the key of the list that holds the mappings: the real name of a key by its other one."""


def resolved(document: Document) -> Document:
    """The same document, in which each key has its real name. Both names of one key are a problem."""
    lines = dict(document.lines)
    problems = list(document.problems)
    content = _resolved(document.content, (), lines, problems)
    return replace(document, content=content, lines=lines, problems=problems, cut=set(map(_real, document.cut)))


def _resolved(value: Any, path: Path, lines: dict[Path, int], problems: list[Problem]) -> Any:
    if isinstance(value, list):
        return [_resolved(item, (*path, place), lines, problems) for place, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    aliases = ALIASES.get(str(path[-2]), {}) if len(path) > 1 else {}
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = aliases.get(key, key)
        if name != key and name in value:
            message = f"{key} is another name of {name}, which is already there: keep one"
            problems.append(Problem(lines[*path, key], message))
            continue
        if name != key:
            _rename((*path, key), (*path, name), lines)
        found[name] = _resolved(item, (*path, name), lines, problems)
    return found


def _real(path: Path) -> Path:
    aliases = ALIASES.get(str(path[-3]), {}) if len(path) > 2 else {}  # noqa: PLR2004 - a list's key, a place, a key
    return (*path[:-1], aliases.get(str(path[-1]), path[-1])) if aliases else path


def _rename(before: Path, after: Path, lines: dict[Path, int]) -> None:
    for path in [path for path in lines if path[: len(before)] == before]:
        lines[after + path[len(before) :]] = lines.pop(path)
