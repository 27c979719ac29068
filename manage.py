#!/usr/bin/env python
"""Django's command line, on Upkeep's settings."""

import sys

from django.core.management import execute_from_command_line

from backend.config.startup import load_settings
from upkeep.operations import streams

if __name__ == "__main__":
    streams.open_missing()
    load_settings()
    execute_from_command_line(sys.argv)
