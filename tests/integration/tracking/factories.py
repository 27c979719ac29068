"""Organizations with all that belongs to them, one call each."""

from typing import Any

from pydantic import SecretStr

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.models import Organization, Project, Tracker


def organization(code: str = "acme", **fields: Any) -> Organization:
    return Organization.objects.create(**{"code": code, "name": code.upper()} | fields)


def project(of: Organization | None = None, code: str = "shop", **fields: Any) -> Project:
    owner = of or Organization.objects.filter(code="acme").first() or organization()
    return Project.objects.create(**{"organization": owner, "code": code, "name": code.title()} | fields)


def tracker(
    of: Project | None = None, name: str = "code", *, token: str = "", username: str = "", **fields: Any
) -> Tracker:
    owner = of or Project.objects.first() or project()
    made = Tracker(**{"project": owner, "name": name, "place": owner.trackers.count()} | fields)
    made.api_token = SecretStr(token)
    made.api_username = SecretStr(username)
    made.save()
    return made


def api_tracker(kind: ApiKind, location: str, *, token: str, of: Project | None = None, **fields: Any) -> Tracker:
    """A tracker of that kind, named after it."""
    options: dict[str, Any] = {"api_kind": kind, "api_location": location} | fields
    return tracker(of, options.pop("name", str(kind)), token=token, **options)
