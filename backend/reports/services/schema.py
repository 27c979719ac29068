"""Making the views what their files say, and dropping them: in one transaction, with the grants that others rely on."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from psycopg import sql

from backend.reports.kernel.views import View
from backend.reports.services import catalogue
from backend.reports.services.catalogue import SCHEMA, Grant, Stored
from upkeep.operations.plans import Change

CANDIDATE = "upkeep_candidate_"
MAX_NAMED = 5
MAY_CREATE = """
    SELECT current_user, current_database(), CASE WHEN to_regnamespace(%(schema)s) IS NULL
        THEN has_database_privilege(current_database(), 'CREATE')
        ELSE has_schema_privilege(to_regnamespace(%(schema)s)::oid, 'CREATE') END
"""


class ReportsError(Exception):
    """The views cannot be made or dropped as they are wanted; nothing was touched. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What is to become of a view."""

    view: View
    must_drop: bool = False
    """Its columns are not those that there are and some more, so that it cannot be replaced in place."""
    cascade: bool = False
    """Whether what others have built on it goes with it, when it is dropped."""
    grants: Sequence[Grant] = ()


def plan(views: Sequence[View], *, cascade: bool) -> list[Change]:
    """What becomes of each view; with `cascade`, also what goes with those that have to be dropped.

    Raises:
        ReportsError: we may not make them, something else has such a name, or others have built on what must go.
    """
    check_permission()
    present, wanted = catalogue.stored([view.name for view in views]), _candidates(views)
    _check_owned(present)
    changes = [_change(view, present.get(view.name), wanted[view.name], cascade=cascade) for view in views]
    dropped = [present[change.key] for change in changes if change.payload and change.payload.must_drop]
    built = dict.fromkeys(what for _, what in catalogue.dependants(each.oid for each in dropped))
    if built and not cascade:
        raise ReportsError(
            f"others have built on views that must be made anew, so nothing was touched: {listed(built)}. "
            "Drop it, or let --cascade drop all of it"
        )
    return [*(Change("deleted", what, what) for what in built), *changes]


def check_permission() -> None:
    """Raise ReportsError when we may not make views."""
    [(user, database, is_allowed)] = catalogue.rows(MAY_CREATE, {"schema": SCHEMA})
    if not is_allowed:
        what = f"SCHEMA {SCHEMA}" if catalogue.has_schema() else sql.SQL("DATABASE {}").format(sql.Identifier(database))
        target = what if isinstance(what, str) else what.as_string()
        grant = sql.SQL("GRANT CREATE ON {} TO {}").format(sql.SQL(target), sql.Identifier(user)).as_string()
        raise ReportsError(f"{user} may not create views in the database: let its owner run {grant};")


def write(changes: Iterable[Change]) -> None:
    """Carry out the plan."""
    if not catalogue.has_schema():
        catalogue.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    for change in changes:
        if change.payload:  # what goes with a view is dropped with it
            _replace(change.payload)


def clearing(names: Sequence[str], *, cascade: bool) -> list[Change]:
    """What goes when the views are dropped: all of them, but without `cascade` not those that others have built on.

    Raises ReportsError when something else has such a name.
    """
    present = catalogue.stored(names)
    _check_owned(present)
    built: defaultdict[int, list[str]] = defaultdict(list)
    for oid, what in catalogue.dependants(each.oid for each in present.values()):
        built[oid].append(what)
    changes = []
    for name in filter(present.__contains__, names):
        others = built[present[name].oid]
        if others and not cascade:
            label = f"report.{name}, on which others have built: {listed(others)}"
            changes.append(Change("skipped", name, label, reason="in_use"))
        else:
            changes.append(Change("deleted", name, f"report.{name}", payload=(name, cascade)))
    gone = dict.fromkeys(what for others in built.values() for what in others) if cascade else {}
    return [*changes, *(Change("deleted", what, what) for what in gone)]


def drop(changes: Iterable[Change]) -> None:
    """Drop the views of a plan, with what it says that goes with them."""
    for change in changes:
        if change.payload:
            name, cascade = change.payload
            _drop(name, cascade=cascade)


def granted(changes: Iterable[Change]) -> dict[str, list[Grant]]:
    """The grants on the views that a plan drops."""
    return {change.key: catalogue.grants(change.key) for change in changes if change.payload}


def bring_back(views: Iterable[View], grants: Mapping[str, Sequence[Grant]]) -> None:
    """Make those of the views that were dropped, with the grants that they had."""
    for view in views:
        if view.name in grants:
            _replace(Replacement(view, must_drop=True, grants=grants[view.name]))


def _drop(view: str, *, cascade: bool) -> None:
    how = sql.SQL("CASCADE" if cascade else "RESTRICT")
    catalogue.execute(sql.SQL("DROP VIEW IF EXISTS {} {}").format(catalogue.name_of(view), how))


def _candidates(views: Sequence[View]) -> dict[str, Stored]:
    """The views as PostgreSQL would keep them: made for a moment, out of everybody's sight."""
    with transaction.atomic():
        for view in views:
            name = sql.Identifier(CANDIDATE + view.name)
            catalogue.execute(sql.SQL("CREATE TEMPORARY VIEW {} AS {}").format(name, sql.SQL(view.query)))
        [(schema,)] = catalogue.rows("SELECT pg_my_temp_schema()::regnamespace::text")
        made = catalogue.stored([CANDIDATE + view.name for view in views], schema)
        transaction.set_rollback(True)
    return {name.removeprefix(CANDIDATE): each for name, each in made.items()}


def _change(view: View, before: Stored | None, after: Stored, *, cascade: bool) -> Change:
    label = f"report.{view.name}"
    if before is None:
        return Change("created", view.name, label, {"columns": (None, after.described)}, payload=Replacement(view))
    fields: dict[str, tuple[Any, Any]] = {}
    if before.columns != after.columns:
        fields |= _columns_changed(before, after)
    elif (before.definition, before.is_barrier) != (after.definition, True):
        fields["query"] = ("of before", "of now")
    if (before.comment, before.comments) != (view.comment, view.columns):
        fields["comments"] = ("of before", "of now")
    if not fields:
        return Change("unchanged", view.name, label)
    must_drop = before.columns != after.columns[: len(before.columns)]
    kept = catalogue.grants(view.name) if must_drop else ()
    return Change("updated", view.name, label, fields, payload=Replacement(view, must_drop, cascade, kept))


def _columns_changed(before: Stored, after: Stored) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    """The columns that were other ones, with their types; if they only stood elsewhere, all of them."""
    old, new = ({name: kind for name, kind, _ in each.columns} for each in (before, after))
    changed = {name: (old.get(name), new.get(name)) for name in {**new, **old} if old.get(name) != new.get(name)}
    yield from changed.items() or [("columns", (before.described, after.described))]


def _check_owned(present: Mapping[str, Stored]) -> None:
    for name, each in present.items():
        if not each.is_view:
            raise ReportsError(f"report.{name} is there, and is not a view: drop or rename it")
        if not each.is_ours:
            raise ReportsError(f"report.{name} belongs to {each.owner}: let {each.owner} drop it, or run this as them")


def _replace(replacement: Replacement) -> None:
    view, name = replacement.view, catalogue.name_of(replacement.view.name)
    if replacement.must_drop:
        _drop(view.name, cascade=replacement.cascade)
    create = "CREATE OR REPLACE VIEW {} WITH (security_barrier) AS {}"
    catalogue.execute(sql.SQL(create).format(name, sql.SQL(view.query)), *_comments(view))
    if replacement.must_drop:
        _restore(view, replacement.grants)


def _comments(view: View) -> Iterator[sql.Composable]:
    name = catalogue.name_of(view.name)
    yield sql.SQL("COMMENT ON VIEW {} IS {}").format(name, sql.Literal(view.comment))
    for column, comment in view.columns.items():
        of = sql.SQL("{}.{}").format(name, sql.Identifier(column))
        yield sql.SQL("COMMENT ON COLUMN {} IS {}").format(of, sql.Literal(comment))


def _restore(view: View, grants: Sequence[Grant]) -> None:
    """Let the same people have the same privileges: also not those whom the defaults let read what is new."""
    name = catalogue.name_of(view.name)
    for grantee in {grant.grantee for grant in catalogue.grants(view.name)}:
        catalogue.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(name, _role(grantee)))
    for grant in grants:
        if grant.column is None or grant.column in view.columns:
            fields = sql.SQL("({})").format(sql.Identifier(grant.column)) if grant.column else sql.SQL("")
            option = sql.SQL("WITH GRANT OPTION" if grant.with_grant_option else "")
            statement = sql.SQL("GRANT {}{} ON {} TO {} {}")
            catalogue.execute(statement.format(sql.SQL(grant.privilege), fields, name, _role(grant.grantee), option))


def _role(grantee: str | None) -> sql.Composable:
    return sql.SQL("PUBLIC") if grantee is None else sql.Identifier(grantee)


def listed(names: Iterable[str]) -> str:
    """Names for a message; of many, the first."""
    found = sorted(names)
    more = f" and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
    return ", ".join(found[:MAX_NAMED]) + more
