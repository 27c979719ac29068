from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pydantic import PositiveInt

from upkeep.generator.templates.integration_kernel import plan
from upkeep.generator.templates.models import Item
from upkeep.operations import Change, Params, RunContext, operation
from upkeep.remote.errors import RemoteError


class VerbObject(Params):
    limit: PositiveInt | None = None
    """Ask about this many rows at most: always the first ones, for a try."""
    force: bool = False
    """Also replace what is filled in here and differs."""


def address() -> str:
    """Where the API is, as the settings say; empty when they do not."""
    return str(getattr(settings, "DOMAIN_API_URL", ""))


def check_configured(_params: VerbObject) -> None:
    """Raise ImproperlyConfigured when the settings do not say where the API is."""
    if not address():
        raise ImproperlyConfigured("set DOMAIN_API_URL to the address of the API")


def write(changes: Sequence[Change]) -> None:
    """Carry it out."""
    items = [Item(pk=change.key, title=change.payload) for change in changes]
    Item.objects.bulk_update(items, ["title"])


@operation(
    "domain.verb_object",
    exclusive="domain:verb_object",
    errors=(RemoteError,),
    configured=check_configured,
    examples=(
        ("--limit 10 --dry-run --verbose", "Preview ten rows."),
        ("--force", "Take over all that differs."),
    ),
)
def verb_object(params: VerbObject, run: RunContext) -> None:
    """Compare the title of each Item with that of an API, and fill in what is blank."""
    from upkeep.generator.templates import integration_connector as connector  # noqa: PLC0415 - an HTTP client only here

    rows = Item.objects.values("pk", "code", "title")
    with connector.connected(address()) as api:
        for batch in run.batches(rows, limit=params.limit, fetch=api.outcomes):
            changes = plan(batch.items, batch.fetched, force=params.force)
            batch.commit(changes, write=write)
