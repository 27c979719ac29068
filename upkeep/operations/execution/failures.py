"""Failures that are the data's fault: which they are, and how one item's failure is described."""

import os
import re

from django.core.exceptions import ValidationError
from django.db import DataError, Error, IntegrityError

from upkeep.operations.plans import Change

DATA_ERRORS = (IntegrityError, DataError, ValidationError, OSError, ValueError, ArithmeticError)
"""Another item may fare better; any other exception stops the step."""
PERHAPS_OF_CODE = (ValueError, ArithmeticError)
"""Those of them that a mistake in the code raises, too."""


def failed(change: Change, error: Exception) -> Change:
    """What becomes of an item whose change could not be carried out."""
    label = f"{change.label}: {explanation(error)}"
    return change._replace(action="failed", label=label, fields={}, reason=reason(error), payload=None)


def reason(error: Exception) -> str:
    """A short code that can be counted: `unique_violation`, `permission_denied`."""
    if isinstance(error, PermissionError):
        return "permission_denied"
    if isinstance(error, OSError) and error.errno:
        return re.sub(r"\W+", "_", os.strerror(error.errno).lower())
    if isinstance(error, ValidationError):
        return "invalid"
    cause = error.__cause__ if isinstance(error, Error) and error.__cause__ else error
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(cause).__name__).lower()


def explanation(error: BaseException) -> str:
    """One line for people. Of a database's error only the message itself: its details quote whole rows."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    primary = getattr(getattr(error.__cause__, "diag", None), "message_primary", None)
    try:
        lines = str(primary or error).strip().splitlines()
    except Exception:  # noqa: BLE001 - a class of an author's, whose message cannot be made
        lines = []
    return lines[0] if lines else type(error).__name__
