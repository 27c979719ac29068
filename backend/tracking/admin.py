from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.db import models
from django.http import HttpRequest

from backend.tracking.models import (
    ExternalUser,
    Organization,
    OrganizationProfile,
    Project,
    Task,
    TaskAssignee,
    Tracker,
    UserMapping,
    WorkEntry,
    WorkMatch,
)

LONG_TEXTS = ("description",)


class ShortTexts(admin.options.BaseModelAdmin):  # type: ignore[type-arg]  # subscriptable for mypy alone
    def formfield_for_dbfield(
        self,
        db_field: "models.Field[Any, Any]",
        request: HttpRequest,
        **kwargs: Any,
    ) -> Any:
        """One line for short texts, a text area for long ones."""
        if isinstance(db_field, models.TextField) and not db_field.choices:
            kwargs["widget"] = AdminTextareaWidget if db_field.name in LONG_TEXTS else AdminTextInputWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class Page(ShortTexts, admin.ModelAdmin):  # type: ignore[type-arg]
    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:  # type: ignore[override]  # never None
        """Only what filters show: Django takes any column of the model, which could so be read letter by letter."""
        filters = [each[0] if isinstance(each, tuple) else each for each in self.get_list_filter(request)]
        names = ("id", "pk", *map(str, filters))
        is_listed = any(lookup == name or lookup.startswith(f"{name}__") for name in names)
        return is_listed and super().lookup_allowed(lookup, value, request)


class Kept(Page):
    """What may hold millions of rows is removed by operations, in batches: the admin would load them all."""

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False


class ProfileInline(ShortTexts, admin.TabularInline):  # type: ignore[type-arg]
    model = OrganizationProfile
    raw_id_fields = ("user",)
    extra = 0


class UserMappingInline(ShortTexts, admin.TabularInline):  # type: ignore[type-arg]
    model = UserMapping
    extra = 0


class AssigneeInline(ShortTexts, admin.TabularInline):  # type: ignore[type-arg]
    model = TaskAssignee
    raw_id_fields = ("external_user",)
    extra = 0


@admin.register(Organization)
class OrganizationAdmin(Kept):
    list_display = ("code", "name", "time_zone")
    search_fields = ("code", "name")
    ordering = ("code",)
    inlines = (ProfileInline, UserMappingInline)


@admin.register(Project)
class ProjectAdmin(Kept):
    list_display = ("code", "name", "organization")
    list_filter = ("organization",)
    list_select_related = ("organization",)
    search_fields = ("code", "name")
    ordering = ("organization__code", "code")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """It stays where it was made: people, rules, tokens and runs are its organization's."""
        return (*super().get_readonly_fields(request, obj), *(("organization",) if obj else ()))


class TrackerForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_project(self) -> Project:
        """Refuse a project of another organization, as for a project itself."""
        project: Project = self.cleaned_data["project"]
        tracker = self.instance
        if not tracker._state.adding and project.organization_id != tracker.project.organization_id:  # noqa: SLF001 - Django documents it
            raise forms.ValidationError("A tracker stays in its organization: declare one in the file of the other.")
        return project


@admin.register(Tracker)
class TrackerAdmin(Kept):
    """Where it is read, and with what, is for `update_organization`: a stored token is not to be sent elsewhere.

    Of the token and its username nothing is shown but whether there is one.
    """

    form = TrackerForm
    list_display = ("name", "project", "api_kind", "api_location", "has_token", "position")
    list_filter = ("api_kind", "project__organization")
    list_select_related = ("project",)
    search_fields = ("name", "api_location")
    raw_id_fields = ("project",)
    readonly_fields = (
        "api_kind",
        "api_location",
        "custom_assignee_fields",
        "task_fields",
        "merge_requests",
        "has_username",
        "has_token",
        "position",
        "pages",
    )
    ordering = ("project__code", "place", "name")

    @admin.display(description="username", boolean=True)
    def has_username(self, tracker: Tracker) -> bool:
        return bool(tracker.encrypted_username)

    @admin.display(description="token", boolean=True)
    def has_token(self, tracker: Tracker) -> bool:
        return bool(tracker.encrypted_token)


@admin.register(ExternalUser)
class ExternalUserAdmin(Page):
    """Met by downloads; who they are here follows from mappings and members."""

    list_display = ("username", "external_id", "name", "email", "user", "tracker")
    list_filter = (("user", admin.EmptyFieldListFilter), "tracker__project__organization", "tracker__project")
    list_select_related = ("user", "tracker")
    search_fields = ("username", "=external_id", "name", "email", "=user__username")
    ordering = ("username", "id")

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False


@admin.register(Task)
class TaskAdmin(Page):
    list_display = ("code", "title", "state", "estimate", "owner", "tracker")
    list_filter = (("moved_to", admin.EmptyFieldListFilter), "tracker__project__organization", "tracker__project")
    list_select_related = ("owner", "tracker")
    search_fields = ("=code", "title", "=external_id")
    raw_id_fields = ("tracker", "author", "owner")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (AssigneeInline,)


class WorkMatchForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean(self) -> dict[str, Any]:
        """Refuse a rule that cannot be applied: it would stop the matching of its whole organization."""
        from backend.tracking.kernel.rules import RuleError  # noqa: PLC0415 - every command imports this module
        from backend.tracking.services import rules  # noqa: PLC0415

        values: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                rules.check(WorkMatch(pk=self.instance.pk, **values))
            except RuleError as error:
                raise forms.ValidationError(str(error)) from None
        return values


@admin.register(WorkMatch)
class WorkMatchAdmin(Page):
    form = WorkMatchForm
    list_display = ("match_on", "priority", "text_pattern", "breadcrumb_pattern", "target_task", "tracker")
    list_filter = ("match_on", "tracker__project__organization", "tracker__project")
    list_select_related = ("tracker",)
    search_fields = ("text_pattern", "breadcrumb_pattern", "target_task")
    raw_id_fields = ("tracker",)
    ordering = ("tracker__project__code", "-priority", "tracker__place", "place")


@admin.register(WorkEntry)
class WorkEntryAdmin(Kept):
    """Written by downloads and by matching alone."""

    list_display = ("started_at", "duration", "external_user", "text", "breadcrumb", "task", "matched_by")
    list_filter = (("match__task", admin.EmptyFieldListFilter), "tracker__project__organization", "tracker__project")
    list_select_related = ("external_user", "match__task", "match__matched_by")
    search_fields = ("text", "breadcrumb", "=external_id", "=external_user__username")
    raw_id_fields = ("tracker", "external_user")
    readonly_fields = ("task", "matched_by")
    ordering = ("-id",)
    show_full_result_count = False

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False
