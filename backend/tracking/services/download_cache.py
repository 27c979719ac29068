"""Where the answers of trackers are kept between downloads: the cache `downloads` of the settings."""

import logging
import pickle
import struct
import zlib
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.filebased import FileBasedCache

logger = logging.getLogger(__name__)

UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    OSError,
    TypeError,
    ValueError,
    pickle.PickleError,
    struct.error,
    zlib.error,
)
"""What comes out of a file that is no entry, or no longer one."""


class DownloadCache(FileBasedCache):
    """Django's files, compressed and in a private folder. What cannot be read was never there."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """What was kept, or the default; that also when the entry is damaged, or not ours."""
        try:
            return super().get(key, default, version)
        except UNREADABLE as error:
            logger.info("an entry of the download cache is damaged, and not used: %s", type(error).__name__)
            return default

    def set(self, key: Any, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Keep it, if the disk has room."""
        try:
            super().set(key, value, timeout, version)
        except OSError as error:
            logger.info("an answer could not be kept: %s", error.strerror)
