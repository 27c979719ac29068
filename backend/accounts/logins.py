"""Whose password somebody tries, for django-axes, which counts wrong ones."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest

from backend.accounts.kernel.cells import USERNAME_LENGTH


def username(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """The name as its user has it: spelt in upper and lower case it would be guessed at again. As typed for no user."""
    typed = str((credentials or request.POST).get("username") or "")
    model = get_user_model()
    try:
        return str(model._default_manager.get_by_natural_key(typed).get_username())  # noqa: SLF001 - Django documents it
    except (model.DoesNotExist, ValueError):  # no name has a NUL character
        return typed.lower()[:USERNAME_LENGTH]  # a capital may be two small letters
