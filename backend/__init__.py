"""Upkeep's packages. The Celery app is made when it is first asked for, so that `import backend` is free."""

from typing import Any


def __getattr__(name: str) -> Any:
    if name in ("app", "celery_app"):
        from backend.config.celery import app  # noqa: PLC0415 - importing Celery is what this function puts off

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
