"""How every program of ours reads its settings."""

import os
import sys
from typing import NoReturn

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def load_settings(*, code: int = 1) -> None:
    """Read the settings. When they are wrong, say why in one line on stderr and leave the process with `code`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")
    try:
        _ = settings.INSTALLED_APPS
    except ImproperlyConfigured as error:
        _leave(str(error), code)
    except OSError as error:
        _leave(unusable_home(error), code)


def unusable_home(error: OSError) -> str:
    """Why a file of UPKEEP_HOME cannot be used, and what to do, in one line."""
    advice = "UPKEEP_HOME must be a folder where this user may write: name another one, or change its owner or mode"
    return f"{error.filename or 'a file'}: {error.strerror or error}: {advice}"


def _leave(reason: str, code: int) -> NoReturn:
    print(f"Upkeep cannot start: {reason}", file=sys.stderr)  # noqa: T201 - the settings configure logging
    raise SystemExit(code) from None
