"""The kinds of values that a configuration has; their errors say what is wrong and continue after the key's name."""

import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, SecretStr

from backend.tracking.kernel.configuration.codes import code, time_zone
from backend.tracking.kernel.configuration.documents import Unquoted
from backend.tracking.kernel.configuration.problems import is_secret, shown, suggestion
from backend.tracking.kernel.patterns import pattern

E = TypeVar("E", bound=StrEnum)
LONGEST_NAME = 200
LONGEST_TEXT = 20_000
LONGEST_SECRET = 4_000
HIGHEST_PRIORITY = 1_000_000
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
HOURS = re.compile(r"\+?[0-9]{1,8}(\.[0-9]{0,2}0*)?")
FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
"""As YAML 1.1 writes them."""
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")


def _name(value: str) -> str:
    if CONTROL.search(value):
        raise ValueError(f"{shown(value)} is more than one line, or has control characters: keep it to one line")
    if not value or value != value.strip():
        raise ValueError(f"{shown(value)} is empty, or begins or ends with spaces: remove them")
    if len(value) > LONGEST_NAME:
        raise ValueError(f"{shown(value)} is longer than {LONGEST_NAME} characters")
    return value


def _text(value: str) -> str:
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"{shown(value)} is longer than {LONGEST_TEXT:,} characters")
    return value


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if CONTROL.search(text) or text != text.strip() or len(text) > LONGEST_SECRET:
        raise ValueError("begins or ends with spaces, has control characters, or is too long (it is not shown here)")
    return value


def _pattern(value: str) -> str:
    try:
        pattern.facts(value)
    except pattern.PatternError as error:
        reason = str(error).partition(": ")[0] if is_secret(value) else str(error)  # it may quote a part of it
        raise ValueError(f"{shown(value)} is not a valid pattern: {reason}") from None
    return value


def _hours(value: object) -> Decimal:
    written = value.written.replace("_", "") if isinstance(value, Unquoted) else ""
    if not HOURS.fullmatch(written):
        wanted = "a number of hours, without quotes, from 0 to 99999999.99 with at most two decimal places"
        raise ValueError(f"must be {wanted}, not {_written(value)}")
    return Decimal(written).quantize(Decimal("0.01"))


def _priority(value: object) -> int:
    written = value.written.replace("_", "") if isinstance(value, Unquoted) else ""
    if not WHOLE_NUMBER.fullmatch(written) or abs(int(written)) > HIGHEST_PRIORITY:
        wanted = f"a whole number, without quotes, from -{HIGHEST_PRIORITY:,} to {HIGHEST_PRIORITY:,}"
        raise ValueError(f"must be {wanted}, not {_written(value)}")
    return int(written)


def _written(value: object) -> str:
    if isinstance(value, Unquoted):
        return shown(value.written)
    return shown(value) if isinstance(value, str) else "a list or a mapping"


def _flag(value: object) -> bool:
    word = FLAGS.get(value.written.lower()) if isinstance(value, Unquoted) else None
    if word is None:
        raise ValueError(f"must be true or false, without quotes, not {_written(value)}")
    return word


def choice(kinds: type[E], **other_words: E) -> Callable[[object], E]:
    """Takes the words of an enumeration, and those others."""
    words = {**{kind.value: kind for kind in kinds}, **other_words}

    def chosen(value: object) -> E:
        if isinstance(value, str) and value in words:
            return words[value]
        word = value.written if isinstance(value, Unquoted) else value if isinstance(value, str) else ""
        raise ValueError(f"{_written(value)} is unknown: {suggestion(word, words)}")

    return chosen


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _separated(value: Any) -> Any:
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else _listed(value)


Code = Annotated[str, AfterValidator(code)]
"""Of an organization or a project: people type it, and it stands in addresses."""
Name = Annotated[str, AfterValidator(_name)]
"""One line of text."""
Text = Annotated[str, AfterValidator(_text)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
TimeZone = Annotated[str, AfterValidator(time_zone)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Hours = Annotated[Decimal, BeforeValidator(_hours)]
Priority = Annotated[int, BeforeValidator(_priority)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Names = Annotated[list[Name], BeforeValidator(_listed)]
"""One name, or a list of them."""
FieldNames = Annotated[list[Name], BeforeValidator(_separated)]
"""A list of names, or one text with commas between them."""
