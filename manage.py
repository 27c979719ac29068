#!/usr/bin/env python
"""Django's command line, on Upkeep's settings."""

import os
import sys

from django.core.management import execute_from_command_line

from upkeep.operations import streams

if __name__ == "__main__":
    streams.open_missing()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")
    execute_from_command_line(sys.argv)
