from copy import copy
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from backend.accounts.models import User

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")
"""Fields that give somebody more rights: only superusers may change them."""

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """Django's own page, with the full name. Nobody can give rights that they lack."""

    list_display = ("username", "email", "full_name", "is_active", "is_staff")
    search_fields = ("username", "email", "full_name", "first_name", "last_name")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Personal info", {"fields": ("full_name", "first_name", "last_name", "email")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Important dates", {"fields": ("last_login", "date_joined")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Rights are shown, but given by superusers alone."""
        return (*super().get_readonly_fields(request, obj), *(() if is_superuser(request) else RIGHTS))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change a user can set the password and so act as that user: not one with more rights."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As for a change."""
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin):
    """Django's own page; what a group may do is decided by superusers alone."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        return is_superuser(request)


def is_superuser(request: HttpRequest) -> bool:
    """Whether the current user may do everything."""
    return bool(request.user.is_active and request.user.is_superuser)


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    """Whether the user has no permission that the current user lacks."""
    if user is None or is_superuser(request):
        return True
    return not user.is_superuser and _rights_once_active(user) <= request.user.get_all_permissions()


def _rights_once_active(user: User) -> set[str]:
    """Django says that an inactive user has none; but who may change the user may activate them, too."""
    active = copy(user)
    active.is_active = True
    return active.get_all_permissions()
