"""Users of the database who read the reports and nothing else."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg import sql

from backend.reports.kernel import logins
from backend.reports.models import LimitedReader
from backend.reports.services import catalogue, definitions
from backend.reports.services.catalogue import SCHEMA
from backend.reports.services.schema import ReportsError, listed
from backend.tracking.services import lookup
from upkeep.operations.plans import Action, Change

ROLE = """
    SELECT role.oid,
        role.rolsuper OR role.rolcreaterole OR role.rolcreatedb OR role.rolreplication OR role.rolbypassrls,
        role.rolname = current_user OR role.oid = (SELECT datdba FROM pg_database WHERE datname = current_database()),
        EXISTS (SELECT FROM pg_auth_members WHERE member = role.oid),
        ARRAY(
            SELECT CASE WHEN dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                THEN pg_describe_object(classid, objid, objsubid) ELSE 'something in another database' END
            FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = role.oid AND deptype = 'o'),
        (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
            OR pg_has_role(role.oid, 'USAGE WITH ADMIN OPTION')
    FROM pg_roles AS role WHERE role.rolname = %s
"""
MAY_MAKE_ROLES = "SELECT current_user, rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
EVERYBODY = """
    SELECT format('REVOKE TEMPORARY ON DATABASE %%I FROM PUBLIC', datname), pg_has_role(datdba, 'USAGE')
    FROM pg_database WHERE datname = current_database() AND has_database_privilege('public', oid, 'TEMPORARY')
    UNION ALL
    SELECT format('REVOKE CREATE ON SCHEMA %%I FROM PUBLIC', nspname), pg_has_role(nspowner, 'USAGE')
    FROM pg_namespace WHERE nspname = 'public' AND has_schema_privilege('public', oid, 'CREATE')
    UNION ALL
    SELECT format('REVOKE EXECUTE ON FUNCTION %%s FROM PUBLIC', oid::regprocedure), pg_has_role(proowner, 'USAGE')
    FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY(%s)
        AND has_function_privilege('public', oid, 'EXECUTE')
"""
"""What takes from everybody what lets any user fill the disk, and whether we may."""
LARGE_OBJECTS = ["lo_creat", "lo_create", "lo_from_bytea"]
KEEP_TEMPORARY = "GRANT TEMPORARY ON DATABASE {} TO {}"
"""For us, who compare views by temporary ones."""
REACHABLE = """
    SELECT relation.oid::regclass::text FROM pg_class AS relation
    WHERE relation.relkind = ANY('{r,p,v,m,f}') AND relation.relnamespace NOT IN (
            'pg_catalog'::regnamespace, 'information_schema'::regnamespace, to_regnamespace(%(schema)s)::oid)
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = relation.oid AND deptype = 'e')
        AND (has_table_privilege(%(user)s, relation.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
            OR has_any_column_privilege(%(user)s, relation.oid, 'SELECT, INSERT, UPDATE'))
    ORDER BY 1
"""


def plan(username: str, password: str, codes: Sequence[str]) -> list[Change]:
    """What becomes of the user.

    Args:
        username: as it is, with quotes and blanks if it has any.
        password: shown nowhere.
        codes: of the organizations whose rows they see; none: all rows.

    Raises:
        LoginError: such a name or password is not to be used.
        ReportsError: the reports are not made yet; the user has other rights; we may not make users.
        UnknownCodeError: there is no such organization.
    """
    logins.check(username, password)
    organizations = [lookup.organization(code) for code in codes]
    if not catalogue.stored(_views()):
        raise ReportsError("the reports are not made yet: run make_reports")
    exists = _check_role(username)
    _check_everybody()
    before = LimitedReader.objects.filter(username=username).values_list("organization_ids", flat=True).first()
    fields = {"organizations": (_described(before) if exists else None, ", ".join(sorted({*codes})) or "all")}
    ids = [each.pk for each in organizations]
    action: Action = "updated" if exists else "created"
    return [Change(action, username, f"user {username}", fields, payload=(exists, ids if codes else None))]


def write(changes: Iterable[Change], *, password: str) -> None:
    """Make the user, or set the password and the organizations of one that is there. Raises ReportsError."""
    for change in changes:
        exists, ids = change.payload
        _make(change.key, password, exists=exists)
        _limit(change.key, ids)
        reachable = [name for (name,) in catalogue.rows(REACHABLE, {"schema": SCHEMA, "user": change.key})]
        if reachable:
            raise ReportsError(
                f"{change.key} can read or write {listed(reachable)}, and should reach the reports alone: "
                "revoke that, also from PUBLIC"
            )


def _check_role(username: str) -> bool:
    """Whether the user is there. Raises ReportsError when they are not one of ours, or we may not make them."""
    [(us, may_make)] = catalogue.rows(MAY_MAKE_ROLES)
    if not may_make:
        alter = sql.SQL("ALTER ROLE {} CREATEROLE").format(sql.Identifier(us)).as_string()
        raise ReportsError(f"{us} may not create users in the database: let a superuser run {alter};")
    found = catalogue.rows(ROLE, [username])
    if not found:
        return False
    [(_, is_powerful, is_ours, is_member, owned, may_change)] = found
    problem = ""
    if is_ours:
        problem = "is the database's own user, or its owner"
    elif is_powerful:
        problem = "has rights over the whole server"
    elif owned:
        problem = f"owns {listed(owned)}"
    elif is_member:
        problem = "is a member of other roles, whose rights it has"
    elif not may_change:
        problem = f"was not made by {us}, who may not change it"
    if problem:
        raise ReportsError(f"the user {username!r} is there, and {problem}: name another one in REPORT_USERNAME")
    return True


def _check_everybody() -> None:
    """Raise ReportsError, with what a superuser must run, when we may not take from everybody what readers may not."""
    found = catalogue.rows(EVERYBODY, [LARGE_OBJECTS])
    if all(may_revoke for _, may_revoke in found):
        return
    [(us, database)] = catalogue.rows("SELECT current_user, current_database()")
    keep = sql.SQL(KEEP_TEMPORARY).format(sql.Identifier(database), sql.Identifier(us)).as_string()
    statements = "; ".join([*(statement for statement, _ in found), keep])
    raise ReportsError(f"every user of the database may create things in it: let a superuser run {statements};")


def _make(username: str, password: str, *, exists: bool) -> None:
    role = sql.Identifier(username)
    [(database,)] = catalogue.rows("SELECT current_database()")
    for statement, _ in catalogue.rows(EVERYBODY, [LARGE_OBJECTS]):
        catalogue.execute(statement)
    verb = sql.SQL("ALTER" if exists else "CREATE")
    verifier = sql.Literal(_verifier(username, password))
    catalogue.execute(
        sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, role, verifier),
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), role),
        *_grants(role),
    )


def _grants(role: sql.Identifier) -> Iterator[sql.Composable]:
    schema = sql.Identifier(SCHEMA)
    yield sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role)
    yield sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT SELECT ON TABLES TO {}").format(schema, role)
    for name in catalogue.stored(_views()):
        yield sql.SQL("GRANT SELECT ON {} TO {}").format(catalogue.name_of(name), role)


def _verifier(username: str, password: str) -> str:
    """What the server keeps instead of the password: it never gets to see that (RFC 5802)."""
    server: Any = connection.connection
    verifier: bytes = server.pgconn.encrypt_password(password.encode(), username.encode(), b"scram-sha-256")
    return verifier.decode()


def _limit(username: str, ids: Sequence[UUID] | None) -> None:
    if ids is None:
        LimitedReader.objects.filter(username=username).delete()
        return
    [(oid, *_)] = catalogue.rows(ROLE, [username])
    LimitedReader.objects.filter(role_oid=oid).exclude(username=username).delete()
    LimitedReader.objects.update_or_create(username=username, defaults={"role_oid": oid, "organization_ids": list(ids)})


def _described(ids: Sequence[UUID] | None) -> str:
    return "all" if ids is None else ", ".join(lookup.codes_of(ids))


def _views() -> list[str]:
    return [view.name for view in definitions.all_views()]
