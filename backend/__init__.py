"""Upkeep's packages. The Celery app is made when it is first asked for, so that `import backend` is free."""

import sys
from pathlib import Path
from typing import Any

ROOT = str(Path(__file__).resolve().parents[1])


def __getattr__(name: str) -> Any:
    if name in ("app", "celery_app"):
        if ROOT not in sys.path:  # `celery` looks for `backend` in the working folder, and for nothing beside it
            sys.path.insert(0, ROOT)
        from backend.config.celery import app  # noqa: PLC0415 - importing Celery is what this function puts off

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
