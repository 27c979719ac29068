"""Where the answers of trackers are kept between downloads: the cache `downloads` of the settings."""

import logging
import struct
import time
import zlib
from math import inf
from pathlib import Path
from typing import IO, Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.filebased import FileBasedCache

logger = logging.getLogger(__name__)

EXPIRY = struct.Struct("<d")
"""What a file begins with: until when it counts, in seconds since 1970."""


class DownloadCache(FileBasedCache):
    """Django's files in a private folder, each of compressed bytes. What cannot be read was never there.

    Nothing is pickled: whoever wrote a pickle decides what is run where it is read.
    """

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """What was kept, or the default; that also when the entry is damaged, or not ours."""
        try:
            with Path(self._key_to_file(key, version)).open("rb") as file:  # type: ignore[attr-defined]  # Django's
                return default if self._is_expired(file) else zlib.decompress(file.read())
        except FileNotFoundError:
            return default
        except (OSError, zlib.error) as error:
            logger.info("an entry of the download cache is damaged, and not used: %s", type(error).__name__)
            return default

    def set(self, key: Any, value: bytes, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Keep it, if the disk has room."""
        try:
            super().set(key, value, timeout, version)
        except OSError as error:
            logger.info("an answer could not be kept: %s", error.strerror)

    def touch(self, key: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Keep what was kept for another while; False when nothing was."""
        value = self.get(key, version=version)
        if value is not None:
            self.set(key, value, timeout, version)
        return value is not None

    def _write_content(self, file: IO[bytes], timeout: float | None, value: bytes) -> None:
        expiry = self.get_backend_timeout(timeout)
        file.write(EXPIRY.pack(inf if expiry is None else expiry) + zlib.compress(value))

    def _is_expired(self, file: IO[bytes]) -> bool:
        start = file.read(EXPIRY.size)
        if len(start) == EXPIRY.size and EXPIRY.unpack(start)[0] > time.time():
            return False
        Path(file.name).unlink(missing_ok=True)
        return True
