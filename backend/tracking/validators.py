"""What may be typed into forms: the same as in a configuration file."""

from collections.abc import Callable

from django.core.exceptions import ValidationError

from backend.tracking.kernel.configuration import codes


def validate_code(value: str) -> None:
    """Of an organization or a project. Raises ValidationError."""
    _validate(codes.code, value)


def validate_time_zone(value: str) -> None:
    """As IANA calls it. Raises ValidationError."""
    _validate(codes.time_zone, value)


def validate_usernames(value: object) -> None:
    """Our usernames by the external ones. Raises ValidationError."""
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
        raise ValidationError('must be a mapping from their usernames to ours: {"al": "ada"}')


def _validate(check: Callable[[str], str], value: str) -> None:
    try:
        check(value)
    except ValueError as error:
        raise ValidationError(str(error)) from None
