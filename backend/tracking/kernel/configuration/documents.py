"""The text of a configuration file as plain values, each with its line.

YAML is read by PyYAML's safe composer; what it would construct of scalars is not asked for: a text is a `str` in NFC,
every other scalar keeps the way it was written.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize

import yaml
from yaml.composer import ComposerError
from yaml.error import Mark
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from backend.tracking.kernel.configuration.problems import ConfigurationError, Problem, shown

MAX_BYTES = 1_000_000
MAX_VALUES = 50_000
"""With everything that aliases repeat."""
DEEPEST = 30
"""Levels of nesting; what is asked for has 8."""
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
LONGEST_SIGN = 4
TOO_DEEP = f"nested deeper than {DEEPEST} levels: nothing here needs that"
TOO_MANY = f"the file holds, with what its aliases repeat, over {MAX_VALUES:,} values"
COMMENT = re.compile(" +#")
LINE_END = re.compile(r"\r\n?|\n")
UNSTORABLE = {re.compile("\0"): "a NUL character", re.compile("[\ud800-\udfff]"): "half a character"}
PREFIX = "tag:yaml.org,2002:"
NULL, TEXT, MERGE = f"{PREFIX}null", f"{PREFIX}str", f"{PREFIX}merge"
SCALARS = {
    f"{PREFIX}int": "a number",
    f"{PREFIX}float": "a number",
    f"{PREFIX}bool": "true or false",
    f"{PREFIX}timestamp": "a date",
    f"{PREFIX}value": "no text",
}
"""What YAML takes a scalar without quotes for."""

Path = tuple[str | int, ...]
"""The keys and places in lists that lead to a value."""


@dataclass(frozen=True, slots=True)
class Unquoted:
    """A scalar that is no text to YAML."""

    written: str
    kind: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content: mappings, lists, texts, `Unquoted`, and None for nothing."""

    file: str
    content: Any
    lines: Mapping[Path, int]
    problems: list[Problem]
    """Of YAML itself; the rest was read all the same."""
    cut: AbstractSet[Path] = frozenset()
    """Where a scalar without quotes ends before a comment, which may be meant as a part of it."""

    def line(self, path: Path) -> int:
        """Where a value stands; of one that is absent, what it is absent from."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(raw: bytes, file: str) -> Document:
    """The document of a file. Raises ConfigurationError when it is not one; then nothing more can be said of it."""
    if len(raw) > MAX_BYTES:
        raise _error(file, 1, f"the file is larger than {MAX_BYTES // 1000:,} kB: no organization needs that much")
    text = _decoded(raw, file)
    reading = _Reading(file, _Lines(text))
    content = reading.value(_composed(text, file), ())
    return Document(file, content, reading.lines, reading.problems, reading.cut)


class _Lines:
    """The lines of a text as editors count them: to YAML, U+0085, U+2028 and U+2029 end one, too."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = [end.end() for end in LINE_END.finditer(text)]

    @property
    def last(self) -> int:
        """The number of the last one."""
        return len(self._ends) + 1

    def has_comment(self, mark: Mark) -> bool:
        """Whether nothing but a comment follows in the line of YAML's mark."""
        return COMMENT.match(self._text, mark.index) is not None

    def at(self, mark: Mark) -> int:
        """The number of the one that YAML's mark is in."""
        return bisect_right(self._ends, mark.index) + 1


def _error(file: str, line: int, message: str) -> ConfigurationError:
    return ConfigurationError(file, [Problem(line, message)])


def _decoded(raw: bytes, file: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _Lines(error.object[: error.start].decode()).last  # of it `start` counts; a mark at raw's start is off
    else:
        return text
    # Not chained: that error carries the file and its tokens.
    raise _error(file, line, "the file is not UTF-8 text: save it as UTF-8")


class _TooMuchError(yaml.MarkedYAMLError):
    """More, or nested deeper, than anything that is asked for."""


class _Loader(yaml.SafeLoader):
    """Composes nodes, but not too many and not too deep."""

    depth = 0
    number = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        self.depth += 1
        self.number += 1
        if self.depth > DEEPEST or self.number > MAX_VALUES:
            problem = TOO_DEEP if self.depth > DEEPEST else TOO_MANY
            raise _TooMuchError(problem=problem, problem_mark=self.get_mark())
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def _composed(text: str, file: str) -> Node:
    line, message = 1, "the file is empty: it must hold the key organization"
    try:
        if node := _Loader(text).get_single_node():
            return node
    except ReaderError as error:
        line = _Lines(text[: error.position]).last
        code = f"U+{error.character:04X}"
        message = f"the character {code} cannot be in a YAML file: remove it, or save the file as text in UTF-8"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, message = (_Lines(text).at(mark) if mark else 1), _message(error)
    except (ValueError, OverflowError):  # PyYAML's, for \U with a number that no character has
        message = "not YAML: an escape stands for a character that does not exist"
    raise _error(file, line, message)  # not chained: such errors quote the file, and with it tokens


def _message(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if isinstance(error, _TooMuchError):
        return problem
    if isinstance(error, ComposerError):
        if "undefined alias" in problem:
            return "an alias (*) without its anchor (&): a text that begins with * needs quotes"
        return "a second document begins here: a file describes one organization"
    if problem.endswith("got '{'"):
        return "not YAML: a text that begins with ${ needs quotes within { } and [ ]"
    words = QUOTED.sub(_unquoted, problem) or "it cannot be read"
    return f"not YAML: {words} (are the indentation, the colons and the quotes right?)"


def _unquoted(found: re.Match[str]) -> str:
    """A sign that is missing, or the kind of a token; no word of the file, which may be a secret."""
    return found[0] if len(found[0]) <= LONGEST_SIGN or found[0].startswith("'<") else "this"


def _joined(text: str) -> str:
    """The text with halves of characters put together: JSON writes those beyond U+FFFF as two numbers."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


@dataclass(slots=True)
class _Reading:
    file: str
    text: _Lines
    lines: dict[Path, int] = field(default_factory=dict)
    cut: set[Path] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    ancestors: list[Node] = field(default_factory=list)
    number: int = 0

    def value(self, node: Node, path: Path) -> Any:
        """The node as a plain value; None for nothing."""
        self.number += 1
        line = self.text.at(node.start_mark)
        self.lines.setdefault(path, line)
        if self.number > MAX_VALUES:
            raise _error(self.file, line, TOO_MANY)
        if any(node is ancestor for ancestor in self.ancestors) or len(path) > DEEPEST:
            raise _error(self.file, line, f"an alias makes this contain itself, or nests over {DEEPEST} levels")
        if isinstance(node, ScalarNode):
            if not node.style and self.text.has_comment(node.end_mark):
                self.cut.add(path)
            return self._scalar(node, line)
        if node.tag not in (f"{PREFIX}map", f"{PREFIX}seq"):
            self._tagged(line)
        self.ancestors.append(node)
        try:
            return self._mapping(node, path) if isinstance(node, MappingNode) else self._list(node, path)
        finally:
            self.ancestors.pop()

    def _list(self, node: Node, path: Path) -> list[Any]:
        assert isinstance(node, SequenceNode)  # noqa: S101 - there is no fourth kind of node
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key, line, item in self._pairs(node):
            self.lines[(*path, key)] = line
            content[key] = self.value(item, (*path, key))
        return content

    def _pairs(self, node: MappingNode) -> Iterator[tuple[str, int, Node]]:
        first: dict[str, int] = {}
        for key, item in node.value:
            line = self.text.at(key.start_mark)
            if key.tag == MERGE:
                self._add_problem(
                    line, "merging (<<) is not supported here: write the keys out, or an alias of a whole value"
                )
            elif key.tag != TEXT or not isinstance(key, ScalarNode):
                self._add_problem(line, "a key must be a text: put it into quotes")
            elif (name := self._storable(key.value, line)) in first:
                self._add_problem(line, f"the key {shown(name)} is already there, at line {first[name]}: keep one")
            else:
                first[name] = line
                yield name, line, item

    def _scalar(self, node: ScalarNode, line: int) -> str | Unquoted | None:
        if node.tag == NULL:
            return None
        if node.tag in SCALARS:
            return Unquoted(node.value, SCALARS[node.tag])
        if node.tag != TEXT:
            self._tagged(line)
        return self._storable(str(node.value), line)

    def _storable(self, text: str, line: int) -> str:
        joined = text if text.isascii() else normalize("NFC", _joined(text))
        for sign, name in UNSTORABLE.items():
            if sign.search(joined):
                self._add_problem(line, f"{name} is escaped here, and cannot be in a text")
                joined = sign.sub("?", joined)
        return joined

    def _tagged(self, line: int) -> None:
        self._add_problem(line, "tags (!) are not supported here: a text that begins with ! needs quotes")

    def _add_problem(self, line: int, message: str) -> None:
        self.problems.append(Problem(line, message))
