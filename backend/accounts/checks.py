"""System checks: the project's user model has what this domain writes."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, register


@register()
def check_user_model(**_kwargs: Any) -> list[CheckMessage]:
    """No field is missing."""
    from backend.accounts.kernel.enrolment import DEFAULTS  # noqa: PLC0415 - `--help` of other commands needs none of it

    options = get_user_model()._meta  # noqa: SLF001 - Django documents it
    lacking = sorted({"username", "password", *DEFAULTS} - {field.name for field in options.get_fields()})
    if not lacking:
        return []
    return [
        Error(
            f"The user model {options.label} lacks what make_users writes: {', '.join(lacking)}.",
            hint="Add these fields, or set AUTH_USER_MODEL = 'accounts.User'.",
            id="accounts.E001",
        )
    ]
