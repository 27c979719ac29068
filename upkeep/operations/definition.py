"""One maintenance operation: its name, its params, and the conditions under which it runs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

from django.core.exceptions import ImproperlyConfigured

from upkeep.conf import conf
from upkeep.operations.context import RunContext
from upkeep.operations.errors import InvalidParamsError, NotConfiguredError, OperationError, UnconfirmedError
from upkeep.operations.execution import shares
from upkeep.operations.limits import Limits, RunLimits
from upkeep.operations.params import Params

P = TypeVar("P", bound=Params)
Text = str | Callable[[P], str | None] | None
"""A constant, or what follows from the params."""
About = Callable[[P], str | Iterable[str] | None] | None
Printed = Literal["summary", "result", "report"]
Examples = tuple[tuple[str, str], ...]
"""Command lines, without the command's name, and what they do: `(("--dry-run", "Show what would be changed."),)`."""
MAX_KEY = 200
"""Characters of an exclusive key."""


@dataclass(frozen=True, slots=True)
class Operation(Generic[P]):
    """One maintenance operation, however it is started and wherever it runs."""

    name: str
    """`domain.verb_object`: the Celery task's name."""
    function: Callable[[P, RunContext], None]
    load_params_type: Callable[[], type[P]]
    """Called when the params are first needed: those of a management command are read from the command itself."""
    declared_queue: str
    exclusive: Text[P]
    """The key that two running runs never share."""
    confirm: Text[P]
    """The word that must be said before anything is destroyed."""
    read_only: bool
    """It changes nothing."""
    errors: tuple[type[Exception], ...]
    """Exceptions whose message is written for people."""
    aliases: tuple[str, ...]
    """Earlier names, which continue to work."""
    partitions: int
    """Into how many runs a worker splits its steps over querysets; more than 1: its batches are independent."""
    about: About[P]
    """What a run with these params is about, such as `organization:acme`: see `RunContext.about`."""
    prints: Printed
    """What its command prints of a run that succeeded: the `summary`; or nothing on stdout but the `result` as JSON, or
    the lines of the `report`."""
    limits: Limits | Callable[[P], Limits | None] | None
    """How much of its items each step may delete, change or let fail. What a person has seen counted and confirmed is
    not limited, but for failures."""
    has_dry_run: bool = True
    """Whether it can show what it would change without changing it."""
    has_own_command: bool = True
    """Whether the management command of its short name is its own; not where it adopts that command."""
    configured: Callable[[P], None] | None = None
    """Raises ImproperlyConfigured, with what to set, where a run with these params cannot be carried out without it."""
    examples: Examples = ()
    """Ways to use its command, which its `--help` shows."""
    has_limits: bool = True
    """Whether limits can stop it; not where it changes nothing, or where its items are not counted one by one."""
    once: bool = False
    """Whether it is done once in a database: after it has succeeded, further runs do nothing."""
    resumable: bool = True
    """Whether a run that failed or was cancelled can continue; not if it would do again what it did already."""

    if not TYPE_CHECKING:  # mypy refuses the call by itself

        def __call__(self, *_args: object, **_kwargs: object) -> None:
            """Raise TypeError: an operation is run, which calls its function."""
            raise TypeError(
                f"{self.name} is an operation, which is run, not called: put what both do into a plain function "
                "that both call; a test runs it with `upkeep.testing.run`"
            )

    @property
    def short_name(self) -> str:
        """`verb_object`: the management command's name."""
        return self.name.rpartition(".")[2]

    @property
    def queue(self) -> str:
        """The broker's queue for its runs."""
        return self.declared_queue or conf().DEFAULT_QUEUE

    @property
    def params_type(self) -> type[P]:
        """The model of its params. Raises OperationError when what it adopts has arguments that cannot be params."""
        return self.load_params_type()

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
        if key and len(key) > MAX_KEY:
            raise InvalidParamsError(f"{key[:40]!r}… is too long: {len(key):,} characters, at most {MAX_KEY}")
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
        """Raise UnconfirmedError unless `confirm` is the word that a run with these params requires, if any."""
        word = self.confirmation(params)
        if word and confirm != word:
            given = f", not {confirm!r}" if confirm else ""
            raise UnconfirmedError(f"{self.name} destroys data: it needs confirm={word!r}{given}; nothing was touched")

    def needs_review(self, params: P) -> bool:
        """Whether `UPKEEP["REVIEW_REQUIRED"]` names it, and a run with these params destroys data."""
        named = not {self.name, self.short_name, *self.aliases}.isdisjoint(conf().REVIEW_REQUIRED)
        return named and bool(self.confirmation(params))

    def check_reviewed(self, params: P) -> None:
        """Raise UnconfirmedError when a run with these params may only apply a preview."""
        if self.needs_review(params):
            raise UnconfirmedError(
                f"{self.name} is carried out only as previewed and approved by somebody else: "
                f"`{self.short_name} … --dry-run`, then they give `apply_run` that run's id"
            )

    def check_configured(self, params: P) -> None:
        """Raise NotConfiguredError when this process lacks a setting that a run with these params needs."""
        try:
            if self.configured:
                self.configured(params)
        except ImproperlyConfigured as error:
            raise NotConfiguredError(self.short_name, str(error)) from error
        except (AttributeError, KeyError) as error:  # what it looked for in the settings, or in the environment
            raise NotConfiguredError(self.short_name, f"{type(error).__name__}: {error}") from error

    def confirmation(self, params: P) -> str | None:
        """The word that confirms a run with these params; None when it destroys nothing."""
        return _resolved(self.confirm, params)

    def check_dry_run(self, *, dry_run: bool) -> None:
        """Raise InvalidParamsError when a dry run is asked of an operation that has none."""
        if dry_run and not self.has_dry_run:
            raise InvalidParamsError(f"{self.name} {'changes nothing, so it ' if self.read_only else ''}has no dry run")

    def check_limits(self, limits: RunLimits) -> None:
        """Raise InvalidParamsError when limits are given to an operation that they cannot stop."""
        if limits.given() and not self.has_limits:
            reason = "it changes nothing" if self.read_only else "its items are not counted"
            raise InvalidParamsError(f"{self.name} has no limits: {reason}")

    def check_resumable(self) -> None:
        """Raise OperationError when a run that has ended cannot be resumed."""
        if not self.resumable:
            raise OperationError(f"{self.name} cannot be resumed: look at what the run did, then start a new one")

    def check_partitions(self, partitions: int) -> None:
        """Raise InvalidParamsError unless a run may be split into this many."""
        if partitions != 1 and self.partitions == 1:
            raise InvalidParamsError(f"{self.name} cannot be split: its batches depend on each other")
        if not 1 <= partitions <= shares.MAX_PARTS:
            raise InvalidParamsError(f"partitions is a number from 1 to {shares.MAX_PARTS}, not {partitions}")

    def limits_of(self, params: P, *, attended: bool) -> Limits | None:
        """What limits a run with these params; `attended` when a person confirmed the counts of its dry run."""
        limits = self.limits(params) if callable(self.limits) else self.limits
        return limits.confirmed() if limits and attended else limits

    def parse(self, values: Mapping[str, Any]) -> P:
        """The validated params. Raises InvalidParamsError."""
        return self.params_type.parse(values)


def _resolved(text: Text[P], params: P) -> str | None:
    return text(params) if callable(text) else text
