import time
from collections.abc import Sequence
from decimal import Decimal

from django.db.models import F
from pydantic import NonNegativeFloat, PositiveInt

from catalogue.models import Article
from upkeep.operations import Change, Params, RunContext, adopt_command, operation


class Reprice(Params):
    percent: PositiveInt
    """By how much prices rise."""
    seconds_each: NonNegativeFloat = 0
    """How long an article takes, so that somebody can interrupt it."""


@operation("catalogue.reprice", exclusive="catalogue:prices")
def reprice(params: Reprice, run: RunContext) -> None:
    """Raise the price of every article."""
    factor = Decimal(100 + params.percent) / 100

    def write(changes: Sequence[Change]) -> None:
        Article.objects.filter(pk__in=[change.key for change in changes]).update(
            price=F("price") * factor, repriced=F("repriced") + 1
        )

    for batch in run.batches(Article.objects.all()):
        plan = [
            Change("updated", str(article.pk), article.name, {"price": (article.price, article.price * factor)})
            for article in batch.items
        ]
        time.sleep(params.seconds_each * len(plan))
        batch.commit(plan, write=write)
    run.report("Prices have risen.", percent=params.percent)


clear_sessions = adopt_command("clearsessions", exclusive="sessions", repeatable=True)
