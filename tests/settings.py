"""The settings of the tests and of the processes that they start.

The embedded servers are the tests' own, whatever the environment and `.env` name. A process is told the tests'
database, and knows the operations under test.
"""

import os
import sys
from pathlib import Path

from backend.config import environment

TOOLS = ("PYTEST_", "HYPOTHESIS_", "COVERAGE_", "CHAOS_", "PIP_", "UV_", "SSL_CERT_")
"""What the variables begin with that the tests themselves, and what they install with, are steered by."""

if "pytest" in sys.modules:  # not in a process that a test has started: that gets what the test means
    kept = {name: value for name, value in os.environ.items() if name.startswith(TOOLS)}
    kept |= environment.ordinary(os.environ) | {environment.FILE: "", "DJANGO_SETTINGS_MODULE": __name__}
    os.environ.clear()
    os.environ.update(kept)

# Processes that share the tests have servers of their own, since some tests stop them.
os.environ["UPKEEP_HOME"] = str(
    Path(__file__).resolve().parents[1] / ".upkeep" / f"tests{os.environ.get('PYTEST_XDIST_WORKER', '')}"
)

from backend.config.settings import *  # noqa: E402, F403 - read with that home
from backend.config.settings import DATABASES  # noqa: E402
from backend.config.settings import INSTALLED_APPS as PRODUCT_APPS  # noqa: E402

INSTALLED_APPS = [*PRODUCT_APPS, "tests.operations"]
HASHERS = "django.contrib.auth.hashers"
# The product's takes as long as ten tests, on purpose. Its passwords are understood.
PASSWORD_HASHERS = [f"{HASHERS}.MD5PasswordHasher", f"{HASHERS}.PBKDF2PasswordHasher"]
if "TEST_DATABASE" in os.environ:
    DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
