from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest

from backend.collection.kernel.lookups import forgotten
from backend.collection.models import DVD

LONG_TEXTS = ("overview", "duplicate_notes")


@admin.register(DVD)
class DVDAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The owner's view of the collection; what the operations fill can be corrected by hand."""

    list_display = ["name", "release_year", "status", "media_type", "uk_certification", "rating", "is_available"]
    list_filter = ["status", "media_type", "disk_type", "is_available", "is_box_set", "is_unwatched", "is_downloaded"]
    search_fields = ["name", "director", "genres", "box_set_name", "=tmdb_id", "=imdb_id", "=location"]
    readonly_fields = [
        "is_available",
        "qualities",
        "details_asked_at",
        "imdb_id_asked_at",
        "availability_asked_at",
        "created_at",
        "updated_at",
    ]
    date_hierarchy = "created_at"
    list_per_page = 50

    def formfield_for_dbfield(
        self,
        db_field: "models.Field[Any, Any]",
        request: HttpRequest,
        **kwargs: Any,
    ) -> Any:
        """One line for short texts, a text area for long ones."""
        if isinstance(db_field, models.TextField):
            kwargs["widget"] = AdminTextareaWidget if db_field.name in LONG_TEXTS else AdminTextInputWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: DVD, form: "ModelForm[DVD]", change: bool) -> None:  # noqa: FBT001
        """Save; a DVD with another id is looked up again."""
        for column, value in forgotten(form.changed_data).items():
            setattr(obj, column, value)
        super().save_model(request, obj, form, change)
