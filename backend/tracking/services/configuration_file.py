"""Reading an organization's configuration file."""

import os
from collections.abc import Mapping
from typing import IO

from django.conf import settings

from backend.tracking.kernel.configuration import documents, references
from backend.tracking.kernel.configuration.documents import Document
from backend.tracking.kernel.configuration.reading import configuration
from backend.tracking.kernel.configuration.references import Downloaded
from backend.tracking.kernel.configuration.schema import Organization
from backend.tracking.kernel.configuration.variables import Variables
from backend.tracking.models import Task


def document(file: IO[bytes], name: str) -> Document:
    """What the file holds as it is written. Raises ConfigurationError."""
    return documents.read(file.read(documents.MOST_BYTES + 1), name)


def read(document: Document) -> Organization:
    """The configuration that it is; its variables are those of this process. Raises ConfigurationError."""
    return configuration(document, _downloaded(document), _variables(os.environ))


def _variables(environment: Mapping[str, str]) -> Variables:
    return Variables(
        environment, {*settings.ENVIRONMENT_NAMES, *(name for name in environment if hasattr(settings, name))}
    )


def _downloaded(document: Document) -> Downloaded:
    """Which of the tasks that rules name were downloaded."""
    codes = {code for found in references.targets(document).values() for code in found}
    if not codes:
        return {}
    tasks = Task.objects.exclude(external_id="").filter(
        tracker__project__organization__code=references.code(document), code__in=codes
    )
    found: dict[tuple[str, str], set[str]] = {}
    for project, tracker, code in tasks.values_list("tracker__project__code", "tracker__name", "code").distinct():
        found.setdefault((project, tracker), set()).add(code)
    return found
