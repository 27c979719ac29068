"""What mypy says of declarations: `make check` fails when one of these errors is not reported any more.

Nothing here is imported by a test: mypy alone reads it, and strictly, so that an `ignore` without its error is one.
"""

from typing import assert_type

from upkeep.operations import Limits, Operation, Params, RunContext, operation


class Shelf(Params):
    code: str
    """Which one."""


class Shop(Params):
    city: str
    """Where it is."""


def key_of_shelf(params: Shelf) -> str:
    return params.code


def key_of_shop(params: Shop) -> str | None:
    return params.city or None


def limits_of_shop(_params: Shop) -> Limits:
    return Limits(deleted=0.1)


def number(_params: Shelf) -> int:
    return 1


def nothing() -> str:
    return ""


@operation("typing.plain", exclusive="shelves", confirm="yes", limits=Limits(deleted=0.5))
def plain(params: Shelf, run: RunContext) -> None:
    """Is right: it has no functions."""


@operation("typing.right", exclusive=key_of_shelf, confirm=key_of_shelf, about=key_of_shelf)
def right(params: Shelf, run: RunContext) -> None:
    """Is right."""


@operation("typing.quick", exclusive=key_of_shelf, about=lambda params: [params.code])
def quick(params: Shelf, run: RunContext) -> None:
    """Is right; mypy does not know what the lambda takes."""


assert_type(plain, Operation[Shelf])
assert_type(right, Operation[Shelf])
assert_type(quick, Operation[Shelf])


@operation("typing.other_key", exclusive=key_of_shop)  # type: ignore[arg-type]
def other_key(params: Shelf, run: RunContext) -> None:
    """Has a key of other params."""


@operation("typing.other_word", exclusive=key_of_shelf, confirm=key_of_shop)  # type: ignore[arg-type]
def other_word(params: Shelf, run: RunContext) -> None:
    """Has a right key, and a confirmation of other params."""


@operation("typing.other_subject", confirm=key_of_shelf, about=key_of_shop)  # type: ignore[arg-type]
def other_subject(params: Shelf, run: RunContext) -> None:
    """Is about what other params say."""


@operation("typing.other_limits", exclusive=key_of_shelf, limits=limits_of_shop)  # type: ignore[arg-type]
def other_limits(params: Shelf, run: RunContext) -> None:
    """Has limits of other params."""


@operation("typing.number_as_key", exclusive=number)  # type: ignore[arg-type]
def number_as_key(params: Shelf, run: RunContext) -> None:
    """Has a number as its key."""


@operation("typing.number_as_word", confirm=lambda _params: 1)  # type: ignore[arg-type,return-value]
def number_as_word(params: Shelf, run: RunContext) -> None:
    """Is confirmed by a number."""


@operation("typing.no_argument", confirm=nothing)  # type: ignore[arg-type]
def no_argument(params: Shelf, run: RunContext) -> None:
    """Is confirmed by what does not take its params."""


@operation("typing.no_run")  # type: ignore[arg-type]
def no_run(params: Shelf) -> None:
    """Takes no run."""


@operation("typing.result")  # type: ignore[arg-type]
def result(params: Shelf, run: RunContext) -> int:
    """Returns something."""
    return 1
