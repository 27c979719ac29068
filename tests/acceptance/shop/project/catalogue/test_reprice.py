"""The shop's own tests, with the kit that comes with the wheel."""

import pytest

from catalogue.models import Article
from catalogue.operations import Reprice, reprice
from upkeep import testing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def articles() -> None:
    Article.objects.bulk_create(Article(name=f"Article {number}", price=10) for number in range(6))


def prices() -> list[str]:
    return [str(price) for price in Article.objects.order_by("pk").values_list("price", flat=True)]


def test_prices_rise() -> None:
    outcome = testing.run(reprice, Reprice(percent=10))
    assert (outcome.status, outcome.counts["updated"]) == ("succeeded", 6)
    assert set(prices()) == {"11.00"}


def test_a_dry_run_touches_nothing_and_says_what_the_run_would_do() -> None:
    testing.assert_dry_run_matches(reprice, Reprice(percent=10), state=prices)


def test_no_article_is_repriced_twice_wherever_the_run_is_killed() -> None:
    testing.assert_resumable(reprice, Reprice(percent=10), state=prices)
