"""Which poster files DVDs use."""

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db import connection

from backend.collection.kernel.posters import Found, printable
from backend.collection.services.poster_folder import PosterFolder

SEPARATOR = "//"
"""Occurs in no path that is made of names; one long text travels faster than thousands of short ones."""

USED = """
    SELECT string_agg(poster, %(separator)s) FROM collection_dvd
    WHERE poster = ANY((SELECT string_to_array(%(paths)s, %(separator)s))::text[])
"""
"""With the list in a subquery the planner takes the index; seeing thousands of values, it would read the table."""


def poster_folder() -> PosterFolder:
    """The posters folder of the settings' media folder."""
    return PosterFolder(Path(settings.MEDIA_ROOT))


def used_posters(found: Iterable[Found]) -> set[str]:
    """Those of the paths that DVDs use at this moment."""
    # A name that is not UTF-8 cannot be a DVD's; spelt in a printable way it finds none.
    paths = printable(SEPARATOR.join(item for item in found if isinstance(item, str)))
    with connection.cursor() as cursor:
        cursor.execute(USED, {"separator": SEPARATOR, "paths": paths})
        [text] = cursor.fetchone() or [None]
        return set(text.split(SEPARATOR)) if text else set()
