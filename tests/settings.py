"""The settings of the tests and of the processes that they start.

The embedded servers are the tests' own. A process is told the tests' database, and knows the operations under test.
"""

import os
from pathlib import Path

# Processes that share the tests have servers of their own, since some tests stop them.
os.environ["UPKEEP_HOME"] = str(
    Path(__file__).resolve().parents[1] / ".upkeep" / f"tests{os.environ.get('PYTEST_XDIST_WORKER', '')}"
)

from backend.config.settings import *  # noqa: F403 - read with that home
from backend.config.settings import DATABASES, INSTALLED_APPS

if "TEST_DATABASE" in os.environ:
    DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
    INSTALLED_APPS += ["tests.operations"]
