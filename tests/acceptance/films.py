"""DVDs by the thousand, and what has become of their copy numbers."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.db import connections

from backend.collection.models import DVD


def shelf(number: int) -> None:
    """So many DVDs, each with copy number 1."""
    DVD.objects.bulk_create([DVD(name=f"Film {place}") for place in range(number)])


@contextmanager
def locked(*places: int) -> Iterator[None]:
    """Within the block nobody else can write the films at these places of the shelf: a run that comes there waits."""
    films = list(DVD.objects.order_by("pk").values_list("pk", flat=True))
    chosen = [films[place] for place in places]
    with closing(connections.create_connection("default")) as other:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT FROM collection_dvd WHERE id = ANY(%s) FOR UPDATE", [chosen])
        yield


def copies() -> Counter[int]:
    """How many DVDs have which copy number."""
    return Counter(DVD.objects.values_list("copy_number", flat=True))


def shouting() -> DVD:
    """A DVD whose certification wants to be normalized."""
    film = DVD.objects.create(name="Film")
    DVD.objects.filter(pk=film.pk).update(uk_certification=" PG ")
    return film


def certification(film: DVD) -> str:
    """The certification that is stored now."""
    return DVD.objects.values_list("uk_certification", flat=True).get(pk=film.pk)
