"""An operation, declared once: what it is called, what it wants, and under which conditions it runs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, Generic, Literal, Protocol, TypeVar, cast, get_type_hints

from django.core.exceptions import ImproperlyConfigured

from upkeep.conf import conf
from upkeep.operations import registry
from upkeep.operations.context import RunContext
from upkeep.operations.errors import InvalidParamsError, UnconfirmedError
from upkeep.operations.execution import shares
from upkeep.operations.limits import Limits
from upkeep.operations.params import Params

P = TypeVar("P", bound=Params)
Text = str | Callable[[P], str | None] | None
"""A constant, or what follows from the params."""
About = Callable[[P], str | Iterable[str] | None] | None
Printed = Literal["summary", "result"]
MOST_CHARACTERS = 200
"""Of an exclusive key."""


@dataclass(frozen=True, slots=True)
class Operation(Generic[P]):
    """One maintenance operation, whoever starts it and wherever it runs."""

    name: str
    """`domain.verb_object`: the Celery task's name."""
    function: Callable[[P, RunContext], None]
    params_type: type[P]
    queue: str
    exclusive: Text[P]
    """The key that two running runs never share."""
    confirm: Text[P]
    """The word that must be said before anything is destroyed."""
    read_only: bool
    """It changes nothing, so it has no dry run."""
    errors: tuple[type[Exception], ...]
    """Exceptions whose message is written for people."""
    aliases: tuple[str, ...]
    """Earlier names, which go on working."""
    partitions: int
    """Into how many runs a worker splits its steps over querysets; more than 1: its batches are independent."""
    about: About[P]
    """What a run with these params is about, such as `organization:acme`: see `RunContext.about`."""
    prints: Printed
    """What its command prints of a run that succeeded: the `summary`, or for programs the `result` alone, as JSON.
    Everything else then goes to stderr."""
    limits: Limits | Callable[[P], Limits | None] | None
    """How much of its items each step may delete, change or let fail. What a person has seen counted and confirmed is
    not limited, but for failures."""

    @property
    def short_name(self) -> str:
        """`verb_object`: the management command's name."""
        return self.name.rpartition(".")[2]

    @property
    def description(self) -> str:
        """What it does, from the function's docstring."""
        return cleandoc(self.function.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first line of the description."""
        return self.description.partition("\n")[0]

    def exclusive_key(self, params: P) -> str | None:
        """The key that a run with these params holds while it runs. Raises InvalidParamsError when it is too long."""
        key = _resolved(self.exclusive, params)
        if key and len(key) > MOST_CHARACTERS:
            raise InvalidParamsError(f"{key[:40]!r}… is too long: {len(key):,} characters, at most {MOST_CHARACTERS}")
        return key

    def subjects(self, params: P) -> list[str]:
        """What a run with these params is about, as far as they say."""
        found = self.about(params) if self.about else None
        return [found] if isinstance(found, str) else list(found or ())

    def apparent_subjects(self, values: Mapping[str, Any]) -> list[str]:
        """The same of values that are invalid, as far as they say."""
        try:
            return self.subjects(cast("P", self.params_type.model_construct(**values)))
        except (AttributeError, TypeError, ValueError):  # `about` may rely on valid params
            return []

    def check_confirmed(self, params: P, *, confirm: str) -> None:
        """Raise UnconfirmedError unless `confirm` is the word that a run with these params wants, if it wants any."""
        word = self.confirmation(params)
        if word and confirm != word:
            given = f", not {confirm!r}" if confirm else ""
            raise UnconfirmedError(f"{self.name} destroys data: it wants confirm={word!r}{given}; nothing was touched")

    def confirmation(self, params: P) -> str | None:
        """The word that confirms a run with these params; None when it destroys nothing."""
        return _resolved(self.confirm, params)

    def check_dry_run(self, *, dry_run: bool) -> None:
        """Raise InvalidParamsError when a dry run is asked of an operation that changes nothing."""
        if dry_run and self.read_only:
            raise InvalidParamsError(f"{self.name} changes nothing, so it has no dry run")

    def check_partitions(self, partitions: int) -> None:
        """Raise InvalidParamsError unless a run may be split into so many."""
        if partitions != 1 and self.partitions == 1:
            raise InvalidParamsError(f"{self.name} cannot be split: its batches depend on each other")
        if not 1 <= partitions <= shares.MOST:
            raise InvalidParamsError(f"partitions is a number from 1 to {shares.MOST}, not {partitions}")

    def limits_of(self, params: P, *, attended: bool) -> Limits | None:
        """What limits a run with these params; `attended` when a person confirmed the counts of its dry run."""
        limits = self.limits(params) if callable(self.limits) else self.limits
        return limits.confirmed() if limits and attended else limits

    def parse(self, values: Mapping[str, Any]) -> P:
        """The validated params. Raises InvalidParamsError."""
        return self.params_type.parse(values)


class Declare(Protocol):
    """What `operation` returns: a decorator whose params type follows from the function."""

    def __call__(self, function: Callable[[P, RunContext], None], /) -> Operation[P]:
        """Declare the function as the operation."""


def operation(  # noqa: PLR0913 - each keyword is one documented property of an operation
    name: str,
    *,
    queue: str = "",
    exclusive: Text[Any] = None,
    confirm: Text[Any] = None,
    read_only: bool = False,
    errors: tuple[type[Exception], ...] = (),
    aliases: tuple[str, ...] = (),
    partitions: int = 1,
    about: About[Any] = None,
    prints: Printed = "summary",
    limits: Limits | Callable[[Any], Limits | None] | None = None,
) -> Declare:
    """Declare and register the decorated function as the operation `name`; it keeps no other name.

    Raises:
        ImproperlyConfigured: at import, when the declaration cannot work.
    """

    def declare(function: Callable[[P, RunContext], None], /) -> Operation[P]:
        declared = Operation(
            name, function, _params_type(name, function), queue or conf().DEFAULT_QUEUE, exclusive, confirm, read_only,
            errors, aliases, partitions, about, prints, limits,
        )  # fmt: skip
        if not declared.summary or name.count(".") != 1:
            raise ImproperlyConfigured(f"operation {name!r}: wants a name `domain.verb_object` and a docstring")
        registry.register(declared)
        return declared

    return declare


def _params_type(name: str, function: Callable[[P, RunContext], None]) -> type[P]:
    found: Any = get_type_hints(function).get("params")
    if isinstance(found, type) and issubclass(found, Params):
        return cast("type[P]", found)
    raise ImproperlyConfigured(f"operation {name!r}: its first argument is `params`, annotated with a Params model")


def _resolved(text: Text[P], params: P) -> str | None:
    return text(params) if callable(text) else text
