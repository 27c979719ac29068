from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Annotated

from django.apps import apps
from django.db import connection
from django.db.models import Model
from pydantic import AfterValidator, Field

from upkeep.operations import Change, Params, Positional, RunContext, operation


def installed(label: str) -> str:
    """The label of an installed app. Raises ValueError when there is no such app."""
    if label not in apps.app_configs:
        close = get_close_matches(label, apps.app_configs, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ValueError(f"must be the label of an installed app{hint}")
    return label


Label = Annotated[str, AfterValidator(installed)]


class VerbObject(Params):
    labels: Annotated[tuple[Label, ...], Positional(), Field(min_length=1)]
    """The labels of installed apps."""


def models(labels: Iterable[str]) -> Iterator[type[Model]]:
    """The models of these apps that have a table of their own."""
    for label in dict.fromkeys(labels):
        for model in apps.get_app_config(label).get_models():
            if model._meta.managed and not model._meta.proxy:  # noqa: SLF001 - Django documents it
                yield model


def plan(found: Iterable[type[Model]]) -> Iterator[Change]:
    """What becomes of each model."""
    for model in found:
        meta = model._meta  # noqa: SLF001 - as above
        yield Change("updated", meta.db_table, meta.label)


def write(changes: Sequence[Change]) -> None:
    """Carry it out."""
    with connection.cursor() as cursor:
        for change in changes:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(change.key)}")


@operation(
    "domain.verb_object",
    exclusive="domain:verb_object",
    examples=(("contenttypes --dry-run --verbose", "Preview one app."),),
)
def verb_object(params: VerbObject, run: RunContext) -> None:
    """Refresh what PostgreSQL knows of the tables of some apps: their statistics."""
    for batch in run.batches(models(params.labels)):
        batch.commit(plan(batch.items), write=write)
