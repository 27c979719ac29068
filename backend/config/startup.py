"""How every program of ours reads its settings."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def load_settings(*, code: int = 1) -> None:
    """Read the settings. When they are wrong, say why in one line on stderr and leave the process with `code`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")
    try:
        _ = settings.INSTALLED_APPS
    except ImproperlyConfigured as error:
        print(f"Upkeep cannot start: {error}", file=sys.stderr)  # noqa: T201 - they configure logging
        raise SystemExit(code) from None
