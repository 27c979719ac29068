"""Beat's entries in the admin: with the tasks of the project's own app, whichever process shows them."""

from difflib import get_close_matches
from typing import Any

from celery import Celery
from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django_celery_beat import admin as original
from django_celery_beat.models import PeriodicTask
from django_celery_beat.utils import is_database_scheduler

from upkeep.worker import application, timings


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
        """Refuse an unknown task, unless the entry says where the workers are that know it."""
        data: dict[str, Any] = super().clean()
        name, elsewhere = data["task"], any(data.get(field) for field in ("queue", "exchange", "routing_key"))
        known = application.current().tasks
        if name != self.instance.task and name not in known and not elsewhere:
            close = get_close_matches(name, tasks(application.current()), n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            message = f"This project has no task {name!r}.{meant} For a task of another project, name its queue below."
            self.add_error("task", forms.ValidationError(message))
        return data


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

    def response_action(self, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponse | None:
        """Note what an action has enabled or disabled, which none of them does by saving."""
        response: HttpResponse | None = super().response_action(request, queryset)
        timings.notice(timezone.now())
        return response
