"""The library's settings: one dict, `UPKEEP`, in the project's Django settings. Every key is optional.

UPKEEP = {"LEASE_SECONDS": 60, "SCHEDULE": "shop.schedule.SCHEDULE"}
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Literal

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, SecretStr, ValidationError, field_validator

from upkeep.validation import explained

FERNET_BYTES = 32


class Options(BaseModel):
    """What `UPKEEP` may hold, with its defaults. Durations are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    DEFAULT_QUEUE: str = Field(default="celery", min_length=1, max_length=100)
    """The broker's queue for operations that name none; `celery` is Celery's own default."""
    SCHEDULE: str = ""
    """Dotted path of a list of ScheduleEntry objects, the default schedule; empty: no default schedule."""
    SHIMS: Literal["required", "optional"] = "optional"
    """Whether a system check requires a module for each operation's command; without one, the command exists anyway."""
    LAYOUT: str = ""
    """Dotted path of the class that says where `generate_command` writes; empty: into the folder of each app."""
    FERNET_KEYS: tuple[SecretStr, ...] = ()
    """Keys that encrypt files sent to workers: the first encrypts, all decrypt. Empty: derived from SECRET_KEY."""
    MAX_CHANGES: int = Field(default=10_000, ge=0)
    """Changes recorded for each run; further ones are only counted."""
    BATCH_ITEMS: int = Field(default=0, ge=0)
    """Maximum number of items in a batch; 0: as many as take about half a second."""
    LEASE_SECONDS: PositiveFloat = 20.0
    """A run whose process did not renew its lease for this long goes to another worker."""
    POLL_SECONDS: PositiveFloat = 1.0
    """How often a run checks whether it was cancelled, and a waiting command checks its run."""
    SWEEP_SECONDS: PositiveFloat = 3.0
    """How often each worker looks for runs that should be executing but are not."""
    RESEND_SECONDS: PositiveFloat = 30.0
    """How long a message may be on its way before it may count as lost."""
    BACKOFF_SECONDS: PositiveFloat = 1.0
    """Wait after the second loss in a row; doubles with each further one."""
    RECONNECT_SECONDS: PositiveFloat = 60.0
    """How long a run waits for a database that cannot be reached."""
    PREVIEW_MAX_AGE: PositiveFloat = 86_400.0
    """How long after its end the changes of a preview can be applied."""
    REVIEW_REQUIRED: tuple[str, ...] = ()
    """Names of operations that destroy data only as a preview showed it that somebody else approved."""
    PREFIX: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]*$", max_length=50)
    """Prefix of everything that `setup` keeps at the broker, for several projects on one Redis."""
    VERSION: str = Field(default="", pattern=r"^[ -~]*$", max_length=100)
    """Version of the project's code, recorded for each attempt; empty: the git commit, or its package's version."""
    GATE: bool = False
    """Whether `migrate` refuses while an operation of `once=True` has not succeeded in the database."""
    CELERY_APP: str = ""
    """Dotted path of the project's Celery app, `shop.celery.app`, for processes that have not imported it."""

    @field_validator("FERNET_KEYS")
    @classmethod
    def _check_keys(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for number, key in enumerate(keys, 1):
            try:
                size = len(urlsafe_b64decode(key.get_secret_value()))
            except ValueError:
                size = 0
            if size != FERNET_BYTES:
                raise ValueError(f"holds as key {number} of {len(keys)} what is not 32 bytes in URL-safe base64")
        return keys


_read: tuple[object, Options] = (None, Options())


def conf() -> Options:
    """The project's settings, validated. Raises ImproperlyConfigured with everything that is wrong, in one line."""
    global _read  # noqa: PLW0603 - kept as long as the project's dict is the same one
    given: Any = getattr(settings, "UPKEEP", None)
    if given is not _read[0]:
        _read = (given, _validated(given or {}))
    return _read[1]


def _validated(given: object) -> Options:
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(f"UPKEEP is a dict of settings, not {type(given).__name__}")
    try:
        return Options.model_validate(dict(given))
    except ValidationError as error:
        raise ImproperlyConfigured(
            explained(error, Options, what="UPKEEP setting", spell='UPKEEP["{}"]'.format)
        ) from None
