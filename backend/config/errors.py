"""What Django's error page shows of the settings, of the environment and of what went wrong."""

from types import FrameType
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class ReporterFilter(SafeExceptionReporterFilter):
    """Django's goes by names alone, and with DEBUG shows each variable of each function, among them passwords."""

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        """The value as it may be shown: an address with a login or a query is hidden, and what is set aside for files.

        A query of DATABASE_URL may hold a password, too.
        """
        is_address = isinstance(value, str) and "://" in value and bool({*"@?"} & {*value})
        is_for_files = str(key).startswith("TRACKER_") or key in settings.TRACKER_SECRETS
        return self.cleansed_substitute if is_address or is_for_files else super().cleanse_setting(key, value)

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> Any:  # noqa: ARG002 - Django's signature
        """None: the libraries hand passwords from function to function, when the database is down for one."""
        return []
