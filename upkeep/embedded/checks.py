"""System checks: who runs the embedded servers."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info, register


@register("upkeep", deploy=True)
def check_user(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """They run as an ordinary user: a note of `doctor` for root, who may have no other in a container."""
    from upkeep.embedded import postgres, redis  # noqa: PLC0415 - most processes do not need them

    home = getattr(settings, "UPKEEP_HOME", None)
    if os.geteuid() or home is None or not databases:  # `check --deploy` is about settings
        return []
    running = [name for name, server in (("PostgreSQL", postgres), ("Redis", redis)) if server.running(Path(home))]
    if not running:
        return []
    hint = "Start Upkeep as an ordinary user, or name servers of your own by DATABASE_URL and REDIS_URL."
    names = " and ".join(running)
    return [
        Info(
            f"root runs the embedded {names}: whoever takes one over can read and write what root owns.",
            hint=hint,
            id="upkeep_embedded.I001",
        )
    ]
