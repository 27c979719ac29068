"""Finding what a person named."""

from collections.abc import Iterable
from uuid import UUID

from backend.tracking.kernel.configuration.problems import suggestion
from backend.tracking.models import Organization, Project
from upkeep.validation import shortened


class UnknownCodeError(Exception):
    """There is nothing of that code; the message says what there is instead."""


def organization(code: str) -> Organization:
    """The organization of that code. Raises UnknownCodeError."""
    found = Organization.objects.filter(code=code).first()
    if found is None:
        raise UnknownCodeError(unknown("organization", code, Organization.objects.values_list("code", flat=True)))
    return found


def projects(organization_code: str, project_code: str | None = None) -> list[Project]:
    """That project of the organization, or all of them, by code. Raises UnknownCodeError."""
    owner = organization(organization_code)
    codes = list(owner.projects.order_by("code").values_list("code", flat=True))
    if project_code is not None and project_code not in codes:
        raise UnknownCodeError(unknown("project", project_code, codes, where=f" in organization {organization_code!r}"))
    wanted = owner.projects.select_related("organization").order_by("code")
    return list(wanted if project_code is None else wanted.filter(code=project_code))


def organization_codes() -> list[str]:
    """The codes of all organizations."""
    return list(Organization.objects.order_by("code").values_list("code", flat=True))


def codes_of(ids: Iterable[UUID]) -> list[str]:
    """The codes of the organizations of these ids that there are."""
    return list(Organization.objects.filter(pk__in=ids).order_by("code").values_list("code", flat=True))


def unknown(kind: str, code: str, codes: Iterable[str], *, where: str = "") -> str:
    """Say that there is no such thing, and what there is instead."""
    return f"there is no {kind} {shortened(code)}{where}: {suggestion(code, list(codes))}"
