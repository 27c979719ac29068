"""What Django's error page shows of the settings and of the environment."""

from typing import Any

from django.views.debug import SafeExceptionReporterFilter


class ReporterFilter(SafeExceptionReporterFilter):
    """Django's goes by names, and would show an address with a password in it."""

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        """The value as it may be shown; an address with a login in it is hidden."""
        if isinstance(value, str) and "://" in value and "@" in value:
            return self.cleansed_substitute
        return super().cleanse_setting(key, value)
