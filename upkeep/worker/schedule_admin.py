"""Beat's entries in the admin: with the tasks of the project's own app, whichever process shows them."""

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from celery import Celery, Task
from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django_celery_beat import admin as original
from django_celery_beat.models import PeriodicTask
from django_celery_beat.utils import is_database_scheduler
from kombu.exceptions import OperationalError

from upkeep.operations.errors import OperationError
from upkeep.operations.models import Run
from upkeep.operations.states import Status
from upkeep.worker import application, receipt, timings

if TYPE_CHECKING:  # each command imports this module, few the tasks
    from upkeep.worker.task import OperationTask

VALUES = {"args": (list, "a list"), "kwargs": (dict, "an object"), "headers": (dict, "an object")}
"""What the JSON in these fields of an entry is."""
WHAT = frozenset({"task", "regtask", "args", "kwargs"})
"""The fields that say what an entry does."""


def register() -> None:
    """Take the place of django-celery-beat's own admin, unless the project has another one."""
    if type(admin.site._registry.get(PeriodicTask)) is original.PeriodicTaskAdmin:  # noqa: SLF001 - nothing public says it
        admin.site.unregister(PeriodicTask)
        admin.site.register(PeriodicTask, EntryAdmin)


def tasks(app: Celery) -> dict[str, Any]:
    """The tasks of the project by name, but for Celery's own."""
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


class TaskSelect(original.TaskSelectWidget):  # type: ignore[misc]  # django-celery-beat has no annotations
    """Asks for the tasks when it is shown, not when this module is imported."""

    def tasks_as_choices(self) -> tuple[tuple[str, str], ...]:
        """Value and label of each option."""
        names = sorted(tasks(application.current()))
        return (("", ""), *zip(names, names, strict=True))


class TaskField(original.TaskChoiceField):  # type: ignore[misc]
    """The tasks to choose from."""

    widget = TaskSelect


class EntryForm(original.PeriodicTaskForm):  # type: ignore[misc]
    """An entry as it is added and changed."""

    regtask = TaskField(label="Task (registered)", required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse what would fail whenever the entry is fired."""
        data: dict[str, Any] = super().clean()
        task = application.current().tasks.get(data["task"])
        if task is None:
            self._check_elsewhere(data)
        values = {field: self._check_json(field, data[field]) for field in VALUES if data.get(field)}
        # One that is invalid already can still be switched off.
        if hasattr(task, "operation") and (data.get("enabled") or WHAT.intersection(self.changed_data)):
            self._check_values(task, values)
        return data

    def _check_elsewhere(self, data: dict[str, Any]) -> None:
        """Refuse an unknown task, unless the entry says where the workers are that know it."""
        name, elsewhere = data["task"], any(data.get(field) for field in ("queue", "exchange", "routing_key"))
        if name != self.instance.task and not elsewhere:
            close = get_close_matches(name, tasks(application.current()), n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            message = f"This project has no task {name!r}.{meant} For a task of another project, name its queue below."
            self.add_error("task", forms.ValidationError(message))

    def _check_json(self, field: str, text: str) -> Any:
        """The value that the field holds as JSON. One of another type than it must be is refused."""
        kind, called = VALUES[field]
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, kind):
            self.add_error(field, forms.ValidationError(f"This must be {called} in JSON."))
        return value

    def _check_values(self, task: "OperationTask", values: dict[str, Any]) -> None:
        """Refuse values with which the operation would not begin."""
        if VALUES.keys() & self.errors.keys():
            return
        try:
            receipt.check(task.operation, values.get("args"), values.get("kwargs"))
        except OperationError as error:
            self.add_error("args" if values.get("args") else "kwargs", forms.ValidationError(str(error)))


class EntryAdmin(original.PeriodicTaskAdmin):  # type: ignore[misc]
    """The entries, and what can be done with them."""

    form = EntryForm
    change_form_template = None  # django-celery-beat's has a script in it, which our strict policy forbids

    @property
    def celery_app(self) -> Celery:
        """The project's, which *Run selected tasks* asks for the task."""
        return application.current()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Those that the user may carry out: one without a permission of its own requires that to change entries."""
        actions: dict[str, Any] = super().get_actions(request)
        may_change = self.has_change_permission(request)
        return {
            name: action for name, action in actions.items() if may_change or hasattr(action[0], "allowed_permissions")
        }

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, without a warning about a scheduler that fires its entries."""
        response: HttpResponse = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data:
            # Not by the setting alone: `setup` chooses the scheduler where it names none.
            response.context_data["wrong_scheduler"] = not is_database_scheduler(self.celery_app.conf.beat_scheduler)
        return response

    @admin.action(description="Run selected tasks")
    def run_tasks(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """Start what the selected entries start, now and by this user; say of each what became of it."""
        known = tasks(self.celery_app)
        for entry in queryset:
            level, message = _start(known.get(entry.task), entry, request.user)
            self.message_user(request, f"{entry.name}: {message}", level)

    def response_action(self, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponse | None:
        """Note what an action has enabled or disabled, which none of them does by saving."""
        response: HttpResponse | None = super().response_action(request, queryset)
        timings.notice(timezone.now())
        return response


def _start(task: Task | None, entry: PeriodicTask, user: Any) -> tuple[int, str]:
    """Start what the entry starts. Returns the level of a message to its user, and the message."""
    if task is None:
        return messages.ERROR, f"nothing was started: this project has no task {entry.task!r}"
    try:
        args, kwargs = json.loads(entry.args or "[]"), json.loads(entry.kwargs or "{}")
        if hasattr(task, "operation"):
            return _enqueue(task, args, kwargs, entry=entry, user=user)
        sent = task.apply_async(args, kwargs, headers={"periodic_task_name": entry.name}, queue=entry.queue or None)
    except (OperationalError, TypeError, ValueError) as error:
        return messages.ERROR, f"nothing was started: {error}"
    return messages.SUCCESS, f"sent as task {sent.id}"


def _enqueue(task: "OperationTask", args: Any, kwargs: Any, *, entry: PeriodicTask, user: Any) -> tuple[int, str]:
    """Enqueue a run of the operation, as this user's."""
    task_id = str(uuid4())
    with transaction.atomic():  # a worker that takes it sees whose it is
        task.apply_async(args, kwargs, task_id=task_id, headers=receipt.sent_by(f"admin: {entry.name}", task_id))
        Run.objects.filter(pk=task_id).update(user=user)
    run = Run.objects.get(pk=task_id)
    if run.status == Status.FAILED:
        return messages.ERROR, f"run {run.pk} was refused: {run.error}"
    if run.sent_at is None:
        return messages.WARNING, f"run {run.pk} stays queued: the broker cannot be reached"
    return messages.SUCCESS, f"run {run.pk} is queued"
