from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db.backends.postgresql import client

from upkeep.embedded import postgres


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell` with the wheel's psql, which need not be on the PATH."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        """Django's, with the embedded server's address; the password is passed in the environment."""
        address = postgres.ensure(Path(settings_dict["HOME"]))
        login = {"HOST": str(address.socket_folder), "PORT": address.port}
        login |= {"USER": address.user, "PASSWORD": address.password}
        arguments, environment = super().settings_to_cmd_args_env(settings_dict | login, parameters)
        return [str(postgres.binary("psql")), *arguments[1:]], environment
