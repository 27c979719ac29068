"""What a new operation works on: a model, with the fields that the templates need."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from django.apps import AppConfig, apps
from django.conf import settings
from django.db.models import CharField, DateTimeField, EmailField, Field, Model, SlugField, TextField
from pydantic import BaseModel

TEXTS = (CharField, EmailField, SlugField, TextField)
"""Not the subclasses of others, which may have rules of their own."""
MIN_LENGTH = 50
"""Characters that a text of a generated test may have."""


class Subject(NamedTuple):
    """A model and the names of its fields, by what the templates call them."""

    module: str
    model: str
    code: str
    """A text; unique where the model has a unique one."""
    title: str = ""
    """Another text; empty where the model has no second one."""
    created_at: str = ""
    """A time; empty where the model has none."""


NEW = ("Item", "code", "title", "created_at")
"""The model that a new app gets."""


def found(config: AppConfig | None, *, needs: Collection[str], used: Collection[str]) -> Subject | None:
    """The first model of the app, else the users', of which rows can be made from the fields that are needed alone.

    Args:
        config: the app.
        needs: `code`, `title`, `created_at`.
        used: names that the templates have already.
    """
    models = [*(config.get_models() if config else ()), apps.get_model(settings.AUTH_USER_MODEL)]
    subjects = (_subject(model, used) for model in models if model.__name__ not in used)
    return next((subject for subject in subjects if subject and all(getattr(subject, name) for name in needs)), None)


def _subject(model: type[Model], used: Collection[str]) -> Subject | None:
    fields = model._meta.concrete_fields  # noqa: SLF001 - Django documents it
    texts = sorted(_texts(fields, used), key=lambda field: not field.unique)
    if not texts or not model._meta.managed:  # noqa: SLF001 - as above
        return None
    code, title = texts[0], next((field for field in texts[1:] if not field.unique), None)
    if not all(_can_be_left_out(field) for field in fields if field not in (code, title)):
        return None
    times = sorted((field for field in fields if _is_time(field)), key=_is_less_likely)
    names = [field.name if field else "" for field in (code, title, times[0] if times else None)]
    return Subject(model.__module__, model.__name__, *names)


def _texts(fields: Collection["Field[Any, Any]"], used: Collection[str]) -> "Iterator[Field[Any, Any]]":
    for field in fields:
        is_text = type(field) in TEXTS and not (field.choices or field.null or field.primary_key)
        is_free = field.name not in used and not hasattr(BaseModel, field.name)
        is_long = field.max_length is None or field.max_length >= MIN_LENGTH
        if is_text and is_free and is_long and field.editable and field.name != "password":
            yield field


def _can_be_left_out(field: "Field[Any, Any]") -> bool:
    is_made = (
        field.has_default() or field.null or getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False)
    )
    is_empty = field.empty_strings_allowed and not field.unique
    return field.primary_key or is_made or is_empty


def _is_time(field: "Field[Any, Any]") -> bool:
    return isinstance(field, DateTimeField) and not field.auto_now


def _is_less_likely(field: "Field[Any, Any]") -> tuple[bool, bool]:
    """To be when a row was created."""
    return not getattr(field, "auto_now_add", False), field.null
