"""Django's PostgreSQL backend on the embedded server, started when the first connection is asked for.

DATABASES = {"default": {"ENGINE": "upkeep.embedded.postgresql", "NAME": "upkeep", "HOME": UPKEEP_HOME}}
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.utils import OperationalError

from upkeep.embedded import postgres
from upkeep.embedded.errors import EmbeddedError
from upkeep.embedded.postgres import PostgresAddress
from upkeep.embedded.postgresql.client import DatabaseClient


class DatabaseWrapper(base.DatabaseWrapper):
    """Finds, and if need be starts, the server for each new connection; a server that died is started again."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        """Django's, with the embedded server's address. Raises OperationalError when there can be no server."""
        address = self._address(postgres.ensure)
        return super().get_connection_params() | {
            "host": str(address.socket_folder),
            "port": address.port,
            "user": address.user,
            "password": address.password,
        }

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Django's; tried once more when the server was just dying, or recovering from a crash of one of its parts."""
        try:
            return super().get_new_connection(conn_params)
        except psycopg.OperationalError:
            self._address(postgres.settle)
            return super().get_new_connection(conn_params)

    def _address(self, find: Callable[[Path], PostgresAddress]) -> PostgresAddress:
        try:
            return find(Path(self.settings_dict["HOME"]))
        except EmbeddedError as error:
            raise OperationalError(f"the embedded PostgreSQL: {error}") from error
