import os
import subprocess
from pathlib import Path

from upkeep.embedded.errors import NotPermittedError
from upkeep.embedded.processes import environment

UID = 1000
"""Whom root looks like inside the user namespace: any user but 0."""


def prefix(program: Path) -> list[str]:
    """What goes before a PostgreSQL command, which refuses to run as root: nothing for an ordinary user.

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
            "PostgreSQL does not run as root, and user namespaces are not permitted here: "
            "use an ordinary user or set DATABASE_URL"
        ) from error
    return words
