"""The servers that the settings name, or the embedded ones."""

from django.conf import settings

from upkeep.embedded import redis
from upkeep.embedded.errors import EmbeddedError


def redis_url() -> str:
    """The URL of a Redis, whatever the broker is; starts the embedded one if need be. It may hold a password.

    Raises OSError when the embedded Redis cannot be used.
    """
    if settings.REDIS_URL:
        return str(settings.REDIS_URL)
    try:
        return redis.ensure(settings.UPKEEP_HOME).url
    except EmbeddedError as error:
        raise ConnectionError(str(error)) from error
