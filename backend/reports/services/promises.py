"""Whether the views in the database are what the contract promises."""

from collections.abc import Iterator

from psycopg import sql

from backend.reports.kernel import contract
from backend.reports.kernel.contract import Promise
from backend.reports.services import catalogue, definitions


def broken_columns() -> Iterator[str]:
    """Views that are missing, and columns that are missing or of another type, one line each."""
    promises = definitions.promises()
    present = catalogue.stored(promises)
    for name, promise in promises.items():
        if name not in present:
            yield f"there is no view report.{name}"
        else:
            columns = {column: kind for column, kind, _ in present[name].columns}
            yield from contract.differences(name, promise, columns)


def broken_rows() -> Iterator[str]:
    """Values that are not promised, nulls and repetitions, one line each; of views whose columns are as promised."""
    for name, promise in definitions.promises().items():
        for condition, text in _conditions(name, promise):
            query = sql.SQL("SELECT EXISTS (SELECT FROM {} {})").format(catalogue.name_of(name), condition)
            if catalogue.rows(query)[0][0]:
                yield text


def _conditions(name: str, promise: Promise) -> Iterator[tuple[sql.Composable, str]]:
    for column, promised in promise.columns.items():
        field = sql.Identifier(column)
        if promised.never_null:
            yield sql.SQL("WHERE {} IS NULL").format(field), f"report.{name}.{column} is null somewhere"
        if promised.values:
            others = sql.SQL("WHERE {} <> ALL({})").format(field, sql.Literal(list(promised.values)))
            yield others, f"report.{name}.{column} is something else than {', '.join(promised.values)}"
    for columns in promise.unique:
        fields = sql.SQL(", ").join(map(sql.Identifier, columns))
        yield (
            sql.SQL("GROUP BY {} HAVING count(*) > 1").format(fields),
            f"report.{name} has several rows of one {', '.join(columns)}",
        )
