"""What pydantic found wrong, in one line for people."""

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

MAX_VALUE, MAX_MESSAGES = 80, 10


def explained(
    error: ValidationError,
    model: type[BaseModel],
    *,
    what: str = "parameter",
    also: Collection[str] = (),
    spell: Callable[[str], str] = str,
) -> str:
    """What is wrong with a model's values, the first ten things of it; those of secret fields are not shown.

    Args:
        error: what pydantic raised.
        model: the model whose values they were.
        what: what a field of it is called.
        also: other names that may have been meant.
        spell: turns a field's name into what the user typed, such as `--limit`.
    """
    known = {name.lower(): name for name in (*model.model_fields, *also)}
    details = error.errors(include_url=False)
    secret = {name for name, field in model.model_fields.items() if "Secret" in repr(field.annotation)}
    messages = [_explained(detail, known, what, secret, spell) for detail in details[:MAX_MESSAGES]]
    return "; ".join(messages) + (f"; and {len(details) - MAX_MESSAGES} more" if len(details) > MAX_MESSAGES else "")


def _explained(
    detail: ErrorDetails, known: Mapping[str, str], what: str, secret: Collection[str], spell: Callable[[str], str]
) -> str:
    name = str(detail["loc"][0]) if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        close = get_close_matches(name[:MAX_VALUE].lower().replace("-", "_"), known, n=1)
        return f"unknown {what} {name[:MAX_VALUE]!r}" + (f" (did you mean {known[close[0]]!r}?)" if close else "")
    if detail["type"] == "missing":
        return f"{spell(name)} is required"
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ").removesuffix(".")
    if not name:
        return message
    value = "" if name in secret else f", not {shortened(detail['input'])}"
    return f"{spell(name)} {message}{value}"


def shortened(value: object) -> str:
    """The value as Python writes it, in at most MAX_VALUE characters."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists in lists
        text = f"something too large ({type(value).__name__})"
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 3]}…"
