"""Those of the product, with an app of operations to test with: for the processes that the acceptance tests start."""

from backend.config.settings import *  # noqa: F403
from backend.config.settings import INSTALLED_APPS as PRODUCT_APPS

INSTALLED_APPS = [*PRODUCT_APPS, "tests.operations"]
