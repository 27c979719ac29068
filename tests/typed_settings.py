"""The settings as mypy reads them: the product's, and the app that the templates of `generate_command` are."""

from backend.config.settings import *  # noqa: F403
from backend.config.settings import INSTALLED_APPS as PRODUCT_APPS

INSTALLED_APPS = [*PRODUCT_APPS, "upkeep.generator.templates"]
