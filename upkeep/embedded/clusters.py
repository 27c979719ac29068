"""A PostgreSQL cluster on disk: its data, the database `upkeep`, and how to log in."""

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from upkeep.embedded import folders, wheels
from upkeep.embedded.errors import ServerFailedError
from upkeep.embedded.processes import complaint, environment

USER = "upkeep"
DATABASE = "upkeep"
DRAFTS = "cluster-"
"""What the folders of half-made clusters begin with."""
LOCALE = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
SETTINGS = {
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
}
"""Written into postgresql.conf once: an operator may change them there."""


@dataclass(frozen=True)
class Cluster:
    """The cluster kept in `folder`, which exists wholly or not at all."""

    folder: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    def login(self) -> tuple[int, str]:
        """The port and the superuser's password; OSError when there is no cluster.

        The port only names the socket. It is random, so that the server of a deleted cluster, which notices after a
        minute and removes its socket, does not remove that of the cluster made in its place.
        """
        _, port, _, _, password = self._passfile.read_text(encoding="ascii").strip().split(":")
        return int(port), password

    def exists(self) -> bool:
        """Whether there is one."""
        return self.folder.is_dir()

    def make(self, prefix: Sequence[str]) -> None:
        """Make the cluster. Only one process may do so at a time; one that is killed meanwhile leaves none."""
        self._remove_drafts()
        # A name of its own: an initdb whose process was killed may still be at work in the last one.
        draft = Path(tempfile.mkdtemp(prefix=DRAFTS, dir=self.folder.parent))
        try:
            Cluster(draft)._fill(prefix)  # noqa: SLF001 - one of us
            draft.rename(self.folder)
        finally:
            self._remove_drafts()  # that initdb has ended by now, and may have written while its draft was removed

    def _remove_drafts(self) -> None:
        for draft in self.folder.parent.glob(f"{DRAFTS}*"):
            shutil.rmtree(draft, ignore_errors=True)

    def _fill(self, prefix: Sequence[str]) -> None:
        password = secrets.token_urlsafe(32)
        initdb, postgres = wheels.postgres_program("initdb"), wheels.postgres_program("postgres")
        settings = [f"--set={name}={value}" for name, value in SETTINGS.items()]
        login = [f"--username={USER}", "--auth=scram-sha-256", "--pwfile=/dev/stdin"]
        _run([*prefix, initdb, f"--pgdata={self.data}", *login, *LOCALE, *settings], password)
        # Each connection pays for more iterations, and nobody guesses 32 random bytes; what people choose gets more.
        once = "scram_iterations=1"
        create = f"ALTER ROLE {USER} PASSWORD '{password}'\nCREATE DATABASE {DATABASE}"
        _run([*prefix, postgres, "--single", "-c", once, "-D", self.data, "postgres"], create)
        port = 1024 + secrets.randbelow(2**16 - 1024)
        folders.write(self._passfile, f"*:{port}:*:{USER}:{password}\n")

    @property
    def _passfile(self) -> Path:
        """In libpq's format: PGPASSFILE may name it."""
        return self.folder / "pgpass"


def _run(command: Sequence[str | Path], text: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own words
        command,
        input=f"{text}\n",
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        start_new_session=True,  # Ctrl-C is ours to handle
    )
    if done.returncode or "ERROR:" in done.stderr:  # --single ends with 0 whatever became of the statement
        raise ServerFailedError(f"PostgreSQL's data could not be made: {complaint(done.stderr)}")
