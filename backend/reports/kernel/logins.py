"""Which names and passwords a user of the database may have."""

MAX_BYTES = 63
"""Of a name; PostgreSQL cuts longer ones off."""
RESERVED = ("public", "none", "postgres")
"""And everything that begins with `pg_`."""


class LoginError(ValueError):
    """A name or a password that is not to be used; the message does not show the password."""


def check(username: str, password: str) -> None:
    """Raise LoginError for a name that PostgreSQL could not keep as it is or has for itself, and for a bad password."""
    if not username.strip() or not password.strip():
        raise LoginError("REPORT_USERNAME and REPORT_PASSWORD must not be empty")
    if "\0" in username + password:
        raise LoginError("REPORT_USERNAME and REPORT_PASSWORD must not hold a NUL character")
    if len(username.encode()) > MAX_BYTES:
        raise LoginError(f"REPORT_USERNAME {username!r} is longer than {MAX_BYTES} bytes, which PostgreSQL cuts off")
    if username.startswith("pg_") or username in RESERVED:
        raise LoginError(f"REPORT_USERNAME {username!r} is one of PostgreSQL's own names: choose another one")
    if password.casefold() == username.casefold():
        raise LoginError("REPORT_PASSWORD is the user's name: choose another one")
