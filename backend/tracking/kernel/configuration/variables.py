"""`${NAME}` in a file: what the environment has under that name.

A file's author chooses the host that a token is sent to, so files get only the variables that are set aside for them.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.tracking.kernel.configuration.documents import Document, Path
from backend.tracking.kernel.configuration.items import SECRETS
from backend.tracking.kernel.configuration.problems import Problem

REFERENCE = re.compile(r"\$\{([^{}]*)\}")
PREFIX = "TRACKER_"
"""Of names that files get without being listed."""
LISTED = "TRACKER_SECRETS"
"""The setting that lists the others."""
PLAIN = re.compile(r"[A-Z_][A-Z0-9_]{,59}")
MIXED = re.compile(r"(?=[A-Z]*[0-9])[A-Z0-9]{12,}")
"""Letters with digits among them, as in a token that somebody put into the braces."""


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables of this process."""

    values: Mapping[str, str] = field(repr=False)
    reserved: Collection[str]
    """Names of our own settings, which no file gets."""
    listed: Collection[str] = ()
    """Names that files get, beside those that begin with PREFIX."""

    def filled(self, document: Document) -> tuple[Any, list[Problem]]:
        """The document's content with the values in, and what is wrong with the names."""
        problems: list[Problem] = []
        return self._filled(document.content, (), document, problems), problems

    def _filled(self, value: Any, path: Path, document: Document, problems: list[Problem]) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(item, (*path, key), document, problems) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, (*path, place), document, problems) for place, item in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        complaints = [self._complaint(name, path) for name in REFERENCE.findall(value)]
        if path and path[-1] in SECRETS and "${" in REFERENCE.sub("", value):
            complaints.append("${ without its } here: a variable is written ${NAME}")
        problems += [Problem(document.line(path), complaint) for complaint in complaints if complaint]
        return value if any(complaints) else REFERENCE.sub(lambda found: self.values[found[1]], value)

    def _complaint(self, name: str, path: Path) -> str:
        shown_name = f"${{{name}}}" if PLAIN.fullmatch(name) and not MIXED.search(name) else "${…} (name not shown)"
        if not path or path[-1] not in SECRETS:
            places = " and ".join(SECRETS)
            return f"{shown_name} is read from the environment in {places} only: write the value itself here"
        if name in self.reserved:
            return f"{shown_name} is a setting of Upkeep itself, which no file gets: use a variable of its own"
        if name not in self.listed and not name.startswith(PREFIX):
            what = name if name in shown_name else "its name"
            return (
                f"{shown_name} is not set aside for configuration files: add {what} to {LISTED} in the environment of"
                f" the process that reads this file, or use a name that begins with {PREFIX}"
            )
        if not self.values.get(name):
            state = "empty" if name in self.values else "not set"
            return f"{shown_name} is {state} in the environment of the process that reads this file: set it there"
        return ""
