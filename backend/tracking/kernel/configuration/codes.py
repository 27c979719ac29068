"""Codes and time zones, as files and forms may give them. Models validate with these, so they import little."""

import re
from zoneinfo import available_timezones

from backend.tracking.kernel.configuration.problems import shown, suggestion

LONGEST_CODE = 100
CODE = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
NO_ZONES = {"localtime", "Factory", "posixrules"}
"""Files beside those of the zones: whatever the machine is set to, and placeholders."""


def is_code(value: str) -> bool:
    """Whether an organization or a project may have it."""
    return len(value) <= LONGEST_CODE and CODE.fullmatch(value) is not None


def code(value: str) -> str:
    """The code, if it is one. Raises ValueError."""
    if not is_code(value):
        allowed = f"at most {LONGEST_CODE} letters from a to z, digits, -, _ and ., not beginning with -"
        raise ValueError(f"{shown(value)} is not a valid code: {allowed}")
    return value


def time_zone(value: str) -> str:
    """The name, if it is a time zone's. Raises ValueError."""
    zones = available_timezones() - NO_ZONES
    if value not in zones:
        raise ValueError(f"{shown(value)} is not an IANA time zone: {suggestion(value, zones)}")
    return value
