"""The models that turn texts into vectors: a module each, named as in `EMBEDDER`, with a function `embedder`."""

from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from backend.search.embedders.embedder import Embedder


def check() -> None:
    """Raise ImproperlyConfigured when the settings name an embedder that there is not. Loads none."""
    known = sorted(module.name for module in iter_modules(__path__) if module.name != "embedder")
    if settings.EMBEDDER not in known:
        raise ImproperlyConfigured(f"EMBEDDER must be one of {', '.join(known)}, not {settings.EMBEDDER!r}")


def current() -> Embedder:
    """The embedder of the settings. Its module is loaded by whoever embeds, as it may load a model.

    Raises:
        EmbedderError: it cannot be used.
        ImproperlyConfigured: there is none of that name.
    """
    check()
    return cast("Embedder", import_module(f"{__name__}.{settings.EMBEDDER}").embedder())
