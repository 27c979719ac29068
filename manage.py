#!/usr/bin/env python
"""Django's command line, on Upkeep's settings."""

import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError

from backend.config.startup import load_settings
from upkeep.embedded.errors import EmbeddedError
from upkeep.operations import streams

if __name__ == "__main__":
    streams.open_missing()
    load_settings()
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if not isinstance(error.__cause__, EmbeddedError):
            raise
        sys.exit(f"The database cannot be used: {error}")
