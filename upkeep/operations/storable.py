"""Texts and values as PostgreSQL can keep them, whatever an outside system sent."""

import math
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

ENCODER = DjangoJSONEncoder()


def storable(text: str) -> str:
    """The text as PostgreSQL can keep it: no NUL character, no half of a surrogate pair."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")


def storable_json(value: Any) -> Any:
    """The value as a jsonb column can keep it, texts as by `storable`; what JSON does not know becomes a text."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(name)): storable_json(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [storable_json(part) for part in value]
    if value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    try:
        return ENCODER.default(value)
    except TypeError:
        return storable(str(value))
