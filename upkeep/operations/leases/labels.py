"""How the server knows whose a transaction is. Imports no models: a child process uses it before there are any."""

from collections.abc import Callable
from typing import Any

from psycopg.pq import TransactionStatus

APPLICATION_NAME = "upkeep:{run}:{attempt}"
"""Of the transactions in which an executor writes."""
LABEL = "SELECT set_config('application_name', %s, true)"
"""Until the end of the transaction: with a pooler, the server's connection is another client's afterwards."""


class Labeller:
    """An execute wrapper of Django's that labels each transaction, and knows the connection that was used last."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.used: Any = None
        """psycopg's."""

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001 - Django's signature
        """Carry out a statement; before the first one of a transaction, set its label."""
        database = context["connection"]
        self.used = database.connection
        if not self.used.autocommit and self.used.info.transaction_status == TransactionStatus.IDLE:
            with database.wrap_database_errors:
                self.used.execute(LABEL, [self.label])
        return execute(sql, params, many, context)
