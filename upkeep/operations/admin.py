from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from upkeep.operations.models import Run, RunChange, RunLog
from upkeep.operations.readiness import unconfigured
from upkeep.operations.unusual import described


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # subscriptable for mypy alone
    """Runs are written by their executors alone, and removed by `prune_runs`, or with whom they are about."""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False


class UnusualFilter(admin.SimpleListFilter):
    title = "unusual"
    parameter_name = "unusual"

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, _request: HttpRequest, runs: "QuerySet[Run]") -> "QuerySet[Run]":
        match self.value():
            case "yes":
                return runs.exclude(unusual=[])
            case "no":
                return runs.filter(unusual=[])
        return runs


@admin.register(Run)
class RunAdmin(ReadOnly):
    list_display = (
        "operation",
        "status",
        "dry_run",
        "origin",
        "user",
        "system_user",
        "created_at",
        "finished_at",
        "processed",
        "figures",
        "error",
    )
    list_filter = ("status", "operation", "dry_run", UnusualFilter, "created_at")
    list_select_related = ("user",)
    search_fields = ("id", "operation", "error", "subjects__name")
    search_help_text = "An id, an operation, an error, or what runs are about: organization:acme"
    date_hierarchy = "created_at"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        for text, names in unconfigured().items():
            messages.info(request, f"Not configured: {', '.join(names)}. {text}.")
        return super().changelist_view(request, extra_context)

    @admin.display(description="processed")
    def processed(self, run: Run) -> int:
        return int(run.counts.get("processed", 0))

    @admin.display(description="unusual")
    def figures(self, run: Run) -> str:
        return described(run.unusual).removeprefix("unusual: ")


@admin.register(RunChange)
class RunChangeAdmin(ReadOnly):
    list_display = ("run", "action", "label", "fields", "reason")
    list_filter = ("action",)
    search_fields = ("run__id", "label", "key")


@admin.register(RunLog)
class RunLogAdmin(ReadOnly):
    list_display = ("run", "at", "message")
    search_fields = ("run__id", "message")
