"""DVDs by the thousand, and what has become of their copy numbers."""

from collections import Counter

from backend.collection.models import DVD


def shelf(number: int) -> None:
    """So many DVDs, each with copy number 1."""
    DVD.objects.bulk_create([DVD(name=f"Film {place}") for place in range(number)])


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
