"""Any plain Celery task as an operation."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from inspect import Parameter, signature
from typing import Any, get_type_hints

import django
from celery import Task
from django.utils.module_loading import import_string
from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError

from upkeep.operations import registry
from upkeep.operations.adoption import models
from upkeep.operations.adoption.secrecy import is_secret
from upkeep.operations.context import RunContext
from upkeep.operations.declaration import register
from upkeep.operations.definition import About, Examples, Operation, Text
from upkeep.operations.errors import OperationError
from upkeep.operations.params import RESERVED_NAMES, Params
from upkeep.worker import application

MAX_SHOWN = 200
"""Characters of a result that people are shown."""
Problem = tuple[str, str]
"""What is wrong, and what to do about it."""


def adopt_task(  # noqa: PLR0913, D417 - each keyword is one documented property of an operation
    task: str,
    *,
    name: str = "",
    summary: str = "",
    queue: str = "",
    exclusive: Text[Any] = None,
    confirm: Text[Any] = None,
    about: About[Any] = None,
    aliases: tuple[str, ...] = (),
    time_limit: float | None = None,
    repeatable: bool = False,
    read_only: bool = False,
    examples: Examples = (),
) -> Operation[Params]:
    """Make a plain Celery task an operation, which runs it in a process of its own; the task stays what it is.

    The arguments of its function, each of them annotated, are the params. What it prints and logs is the run's log;
    what it returns is the run's result, if that is JSON of at most 64 kB. A bound task finds the run's id in
    `self.request.id`, and a retry fails the run. A task that cannot be adopted is reported by a system check, and it is
    imported no earlier. Everything that is not described here is as of `adopt_command`.

    Args:
        task: its dotted path, `shop.tasks.sync`, or the name by which Celery knows it.
        name: the operation's; else that of the function, in the package that has the module: `shop.sync`.
    """
    parts = task.split(".")
    name = name or f"{parts[max(-3, -len(parts))]}.{parts[-1]}"
    adopted = _Task(task, (name, *aliases))
    repeatable = repeatable or read_only

    def run_task(params: Params, run: RunContext) -> None:
        from upkeep.operations.adoption import once  # noqa: PLC0415 - needs models
        from upkeep.operations.adoption.process import Call  # noqa: PLC0415

        arguments = [task, params.model_dump(mode="json"), str(run.id)]
        call = Call(f"{__name__}.perform", arguments, f"task {task}", time_limit, repeatable=repeatable)
        result = once.carry_out(call, run).result
        if result is not None:
            run.report(f"result: {json.dumps(result)[:MAX_SHOWN]}", result=result)

    run_task.__doc__ = summary or f"Run the Celery task {task}."
    run_task.__name__ = run_task.__qualname__ = name.rpartition(".")[2]
    run_task.__module__ = sys._getframe(1).f_globals["__name__"]  # noqa: SLF001 - the author's, as of a decorated function
    operation = Operation(
        name, run_task, lambda: adopted.params_type, queue, exclusive, confirm, read_only, (), aliases, 1, about,
        "summary", None, has_dry_run=False, resumable=repeatable, examples=examples,
    )  # fmt: skip
    register(operation)
    registry.examine(adopted.problems)
    return operation


def perform(task: str, values: dict[str, Any], run_id: str) -> Any:
    """Do the task's work in this process, which is there for nothing else. Returns what the task returns."""
    django.setup()
    adopted = _Task(task)
    params = adopted.params_type.parse(values)
    adopted.task.push_request(id=run_id, called_directly=True)
    try:
        return adopted.task.run(**{name: getattr(params, name) for name in type(params).model_fields})
    finally:
        adopted.task.pop_request()


@dataclass(frozen=True)
class _Task:
    """A task as it is adopted. It is imported when its arguments are first asked for."""

    path: str
    names: tuple[str, ...] = ()
    """Those of the operation."""

    @cached_property
    def task(self) -> Task:
        """The task itself. Raises OperationError when there is none."""
        try:
            found = import_string(self.path)
        except ImportError:
            app = application.current()
            app.autodiscover_tasks(force=True)  # not by the loader, which makes the system checks, which ask for this
            found = app.tasks.get(self.path)
        if not isinstance(found, Task):
            raise OperationError(f"there is no such Celery task{self._meant()}.")
        return found

    @cached_property
    def params_type(self) -> type[Params]:
        """Its arguments as params. Raises OperationError with all of its problems."""
        if problems := [f"{message} {hint}" for message, hint in self._problems]:
            raise OperationError(" ".join(problems))
        fields = {
            name: (self._hints[name], ... if parameter.default is Parameter.empty else parameter.default)
            for name, parameter in self._arguments.items()
        }
        return models.params_type(self.path, fields)

    def problems(self) -> Iterator[registry.Problem]:
        """Why it cannot be adopted, for the system check."""
        for message, hint in self._problems:
            yield registry.Problem("upkeep_operations.E016", message, hint)

    @property
    def _arguments(self) -> dict[str, Parameter]:
        return dict(signature(self.task.run).parameters)

    @cached_property
    def _hints(self) -> dict[str, Any]:
        try:
            return get_type_hints(self.task.run, include_extras=True)
        except NameError as error:  # it is imported for type checkers alone
            raise OperationError(f"an annotation cannot be resolved: {error}.") from None

    @cached_property
    def _problems(self) -> list[Problem]:
        try:
            found = list(_problems_of_name(self.task, self.names)) or list(self._problems_of_arguments())
        except OperationError as error:
            found = [(str(error), "Correct that.")]
        return [(f"adopt_task({self.path!r}): {message}", hint) for message, hint in found]

    def _problems_of_arguments(self) -> Iterator[Problem]:
        for name, parameter in self._arguments.items():
            if objection := _objection(name, parameter, self._hints.get(name)):
                yield f"its argument {name!r} {objection}.", "Change that, or declare an operation that calls the task."

    def _meant(self) -> str:
        close = get_close_matches(self.path, application.current().tasks, n=1)
        return f" (did you mean {close[0]!r}?)" if close else ""


def _problems_of_name(task: Task, names: tuple[str, ...]) -> Iterator[Problem]:
    if task.name in names:
        yield f"Celery knows it as {task.name!r}, which would be the operation.", "Give the operation another `name`."
    elif hasattr(task, "operation"):
        yield "it is the task of an operation already.", "Take this out."


def _objection(name: str, parameter: Parameter, hint: Any) -> str:
    """Why an argument cannot be a parameter; empty when it can."""
    if parameter.kind not in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY):
        return "cannot be given by name"
    if name in RESERVED_NAMES or name.startswith(("_", "model_")):
        return "has a name that is taken at every operation"
    if parameter.annotation is Parameter.empty:
        return "has no annotation"
    if is_secret(name) and parameter.annotation is not bool:
        return "looks like a secret, and parameters are recorded"
    try:
        TypeAdapter(hint).json_schema()
    except PydanticUserError:
        return f"is a {getattr(hint, '__name__', hint)}, which JSON cannot express"
    return ""
