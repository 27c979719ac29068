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
from backend.tracking.kernel.matching import Found
from backend.tracking.kernel.rules import TaskKey
from backend.tracking.models import Project, Task
from backend.tracking.services import rules
from backend.tracking.services.named_tasks import NamedTasks


def document(file: IO[bytes], name: str) -> Document:
    """What the file holds as it is written. Raises ConfigurationError."""
    return documents.read(file.read(documents.MAX_BYTES + 1), name)


def read(document: Document) -> Organization:
    """The configuration that it is; its variables are those of this process. Raises ConfigurationError."""
    return configuration(document, _downloaded(document), _variables(os.environ), http_hosts=settings.REMOTE_HTTP_HOSTS)


def _variables(environment: Mapping[str, str]) -> Variables:
    reserved = {*settings.ENVIRONMENT_NAMES, *(name for name in environment if hasattr(settings, name))}
    return Variables(environment, reserved, settings.TRACKER_SECRETS)


def _downloaded(document: Document) -> Downloaded:
    """Which of the tasks that rules name were downloaded: found as the rules will find them."""
    targets = references.targets(document)
    projects = Project.objects.filter(organization__code=references.code(document))
    wanted = projects.filter(code__in={code for code, _ in targets}) if targets else projects.none()
    found: dict[tuple[str, str], set[str]] = {}
    for project in wanted:
        trackers = rules.trackers(project)
        tasks = NamedTasks(trackers)
        for tracker in trackers:
            named = tasks.look_up(TaskKey.CODE, str(tracker.pk), targets.get((project.code, tracker.name), ()))
            found[project.code, tracker.name] = _brought(named)
    return found


def _brought(named: Mapping[str, Found]) -> set[str]:
    tasks = Task.objects.filter(pk__in=[found.task for found in named.values()]).exclude(external_id="")
    brought = {str(pk) for pk in tasks.values_list("pk", flat=True)}
    return {code for code, found in named.items() if found.task in brought}
