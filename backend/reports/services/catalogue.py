"""What the database says of the schema `report`: its views, who may read them, and what was built on them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg import sql

SCHEMA = "report"
VIEWS = """
    SELECT relation.relname, relation.oid, relation.relkind = 'v', pg_has_role(relation.relowner, 'USAGE'),
        pg_get_userbyid(relation.relowner), CASE relation.relkind WHEN 'v' THEN pg_get_viewdef(relation.oid) END,
        coalesce(obj_description(relation.oid, 'pg_class'), ''),
        coalesce('security_barrier=true' = ANY(relation.reloptions), false)
    FROM pg_class AS relation WHERE relation.relnamespace = to_regnamespace(%s) AND relation.relname = ANY(%s)
"""
COLUMNS = """
    SELECT attrelid, attname, format_type(atttypid, atttypmod), attcollation,
        coalesce(col_description(attrelid, attnum), '')
    FROM pg_attribute WHERE attrelid = ANY(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attrelid, attnum
"""
DEPENDANTS = """
    WITH RECURSIVE built (classid, objid, objsubid, base) AS (
        SELECT 'pg_class'::regclass::oid, oid, 0, oid FROM unnest(%s::oid[]) AS given (oid)
        UNION
        SELECT CASE WHEN rule.oid IS NULL THEN found.classid ELSE 'pg_class'::regclass::oid END,
            coalesce(rule.ev_class, found.objid), found.objsubid, built.base
        FROM built
        CROSS JOIN LATERAL (
            SELECT built.classid, built.objid
            UNION ALL
            SELECT 'pg_type'::regclass, kind.oid FROM pg_class AS relation
            JOIN pg_type AS own ON own.oid = relation.reltype
            JOIN pg_type AS kind ON kind.oid IN (own.oid, own.typarray)
            WHERE built.classid = 'pg_class'::regclass AND relation.oid = built.objid) AS base (classid, objid)
        JOIN pg_depend AS found
            ON (found.refclassid, found.refobjid) = (base.classid, base.objid) AND found.deptype IN ('n', 'a')
        LEFT JOIN pg_rewrite AS rule ON found.classid = 'pg_rewrite'::regclass AND rule.oid = found.objid
        WHERE built.objsubid = 0 AND found.classid <> 'pg_default_acl'::regclass
    )
    SELECT base, pg_describe_object(classid, objid, objsubid) FROM built WHERE objid <> ALL(%s::oid[])
    GROUP BY base, classid, objid, objsubid ORDER BY 2
"""
GRANTS = """
    SELECT NULL, granted.grantee, granted.privilege_type, granted.is_grantable, pg_get_userbyid(granted.grantee)
    FROM pg_class AS relation, aclexplode(relation.relacl) AS granted
    WHERE relation.oid = to_regclass(%(view)s) AND granted.grantee <> relation.relowner
    UNION ALL
    SELECT field.attname, granted.grantee, granted.privilege_type, granted.is_grantable,
        pg_get_userbyid(granted.grantee)
    FROM pg_attribute AS field, aclexplode(field.attacl) AS granted
    WHERE field.attrelid = to_regclass(%(view)s) AND NOT field.attisdropped
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A relation as it is in the database."""

    oid: int
    is_view: bool
    is_ours: bool
    """Whether we may replace it."""
    owner: str
    definition: str
    """Its query, as PostgreSQL writes it."""
    comment: str
    is_barrier: bool
    columns: tuple[tuple[str, str, int], ...]
    """Name, type and collation of each."""
    comments: Mapping[str, str]

    @property
    def described(self) -> str:
        """The columns for people: `task_id uuid, code text`."""
        return ", ".join(f"{name} {kind}" for name, kind, _ in self.columns)


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege on a view that somebody was granted."""

    column: str | None
    """On this column alone."""
    grantee: str | None
    """None: everybody (PUBLIC)."""
    privilege: str
    with_grant_option: bool


def name_of(view: str) -> sql.Identifier:
    """A view for a statement."""
    return sql.Identifier(SCHEMA, view)


def rows(query: str | sql.Composable, params: Any = ()) -> list[tuple[Any, ...]]:
    """What a query gives."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return list(cursor.fetchall())


def execute(*statements: sql.Composable | str) -> None:
    """Carry out statements."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def stored(views: Iterable[str], schema: str = SCHEMA) -> dict[str, Stored]:
    """Those of the views that are there, or other relations of such a name."""
    found = rows(VIEWS, [schema, list(views)])
    fields = rows(COLUMNS, [[row[1] for row in found]])
    return {name: Stored(oid, *rest, **_columns(oid, fields)) for name, oid, *rest in found}


def _columns(oid: int, fields: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    own = [row[1:] for row in fields if row[0] == oid]
    return {"columns": tuple(row[:3] for row in own), "comments": {row[0]: row[3] for row in own}}


def dependants(oids: Iterable[int]) -> Iterator[tuple[int, str]]:
    """What others built on these views, also through others: the view's oid, and `view public.mine`."""
    listed = list(oids)
    yield from rows(DEPENDANTS, [listed, listed])


def grants(view: str) -> list[Grant]:
    """Who may do what with a view, but its owner."""
    found = rows(GRANTS, {"view": f"{SCHEMA}.{view}"})
    return [Grant(column, name if role else None, *how) for column, role, *how, name in found]


def has_schema() -> bool:
    """Whether the schema is there."""
    return bool(rows("SELECT to_regnamespace(%s) IS NOT NULL", [SCHEMA])[0][0])
