"""The product's, with the tests' database and the operations of `tests.operations`: for processes that tests start."""

import os

from backend.config.settings import *  # noqa: F403
from backend.config.settings import DATABASES
from backend.config.settings import INSTALLED_APPS as PRODUCT_APPS

DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
INSTALLED_APPS = [*PRODUCT_APPS, "tests.operations"]
