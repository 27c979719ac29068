"""What was promised of the views before: a contract of today keeps all of it."""

from collections.abc import Iterator, Mapping
from datetime import date

from backend.reports.kernel.contract import NOT_NULL, Promise

HEAD = """\
# What others rely on by now: written by `make report-docs`, never by hand. `make check` compares the contract with it:
# a column that is here is neither dropped nor retyped, but a view `NAME_v2` is made beside its own.
"""


def rendered(promises: Mapping[str, Promise]) -> str:
    """The record of these promises, as TOML of the contract's form."""
    return "\n".join([HEAD, *(_table(name, promise) for name, promise in promises.items())])


def _table(name: str, promise: Promise) -> str:
    lines = [f"[{name}]", f"unique = {[list(columns) for columns in promise.unique]}".replace("'", '"')]
    if promise.until:
        lines.append(f'until = "{promise.until}"')
    lines += ["", f"[{name}.columns]"]
    lines += [f'{column} = "{each.type}{NOT_NULL * each.never_null}"' for column, each in promise.columns.items()]
    return "\n".join([*lines, ""])


def breaches(released: Mapping[str, Promise], promises: Mapping[str, Promise], today: date) -> Iterator[str]:
    """Where the contract does not keep what was promised, one line each. Views may go after their `until`."""
    for name, before in released.items():
        if now := promises.get(name):
            yield from _broken(name, before, now)
        elif not before.until:
            yield f"contract.toml: {name} was promised: keep it beside its successor, with a date `until` in the future"
        elif today <= date.fromisoformat(before.until):
            yield f"contract.toml: {name} was promised until {before.until}: keep it until then"


def _broken(name: str, before: Promise, now: Promise) -> Iterator[str]:
    instead = f"make a view beside {name} instead"
    for column, was in before.columns.items():
        becomes = now.columns.get(column)
        if becomes is None:
            yield f"contract.toml: {name}.{column} was promised, and is gone: {instead}"
        elif becomes.type != was.type:
            yield f"contract.toml: {name}.{column} was promised as {was.type}, and is {becomes.type}: {instead}"
        elif was.never_null and not becomes.never_null:
            yield f"contract.toml: {name}.{column} was promised never to be null: {instead}"
    kept = [column for column in now.columns if column in before.columns]
    if kept != list(now.columns)[: len(kept)] or kept != [column for column in before.columns if column in now.columns]:
        yield f"contract.toml: the columns of {name} were promised in another order: new ones come last"
    for columns in before.unique:
        if columns not in now.unique:
            yield f"contract.toml: {name} was promised to have one row of each {', '.join(columns)}: {instead}"
    if now.until and now.until < before.until:
        yield f"contract.toml: {name} was promised until {before.until}, which is after {now.until}"
