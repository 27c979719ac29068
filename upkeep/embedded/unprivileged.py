import os
import subprocess
from pathlib import Path

from upkeep.embedded.errors import NotPermittedError
from upkeep.embedded.processes import environment

UID = 1000
"""Whom root looks like inside the user namespace: any user but 0."""


def prefix(program: Path, *, name: str = "PostgreSQL", variable: str = "DATABASE_URL") -> list[str]:
    """What goes before the command of a server, which is not to run as root: nothing for an ordinary user.

    Outside the namespace the process and its files still belong to root, so that no folder must be opened to anybody.
    """
    if os.geteuid() != 0:
        return []
    words = ["unshare", "--user", f"--map-user={UID}", f"--map-group={UID}", "--"]
    try:
        subprocess.run(  # noqa: S603 - our own words
            [*words, program, "--version"], env=environment(), check=True, capture_output=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotPermittedError(
            f"{name} does not run as root, and user namespaces are not permitted here: "
            f"use an ordinary user or set {variable}"
        ) from error
    return words
