"""System checks: the project's user model has what this domain reads and writes."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, register

NAMES = ("username", "email", "first_name", "last_name", "full_name")
FIELDS = (*NAMES, "password", "last_login", "is_staff", "is_superuser")
"""Of a user: people are matched by their names, and those of a demo are recognised by the rest."""


@register()
def check_user_model(**_kwargs: Any) -> list[CheckMessage]:
    """No field is missing."""
    options = get_user_model()._meta  # noqa: SLF001 - Django documents it
    lacking = sorted({*FIELDS} - {field.name for field in options.get_fields()})
    if not lacking:
        return []
    return [
        Error(
            f"The user model {options.label} lacks what organizations know of their members: {', '.join(lacking)}.",
            hint="Add these fields, or set AUTH_USER_MODEL = 'accounts.User'.",
            id="tracking.E001",
        )
    ]
