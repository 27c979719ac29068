"""Our Celery app, whose workers know the operations of the benchmarks: `celery -A tests.benchmarks.worker_app`."""

import os

from backend.config.celery import app
from tests.benchmarks import operations

__all__ = ["app", "operations"]

os.environ["CELERY_SKIP_CHECKS"] = "true"  # one of them wants a module for each operation's command
