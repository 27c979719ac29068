"""Upkeep's packages. The Celery app is made when it is first asked for: `celery -A backend` works, `import backend` is free."""

from typing import Any


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute of any type
    if name in ("app", "celery_app"):
        from backend.config.celery import app  # noqa: PLC0415 - importing Celery is what this function puts off

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
