"""UK certifications, tidied in the database: their rows are never loaded."""

from django.db import connection
from django.db.models import QuerySet

from backend.collection.models import DVD

BLANKS = r"E' \t\n\r\f\x0b\u00a0'"
TIDY = f"lower(btrim(uk_certification, {BLANKS}))"

PLAN = f"""
    SELECT 'updated' AS action, id::text AS key, name AS label,
        jsonb_build_object('uk_certification', jsonb_build_array(uk_certification, {TIDY})) AS fields,
        '' AS reason, id, uk_certification AS untidy, {TIDY} AS tidy
    FROM collection_dvd
    WHERE id BETWEEN %(first)s AND %(last)s AND uk_certification <> {TIDY}
"""  # noqa: S608 - made of constants

WRITE = """
    UPDATE collection_dvd AS dvd SET uk_certification = plan.tidy, updated_at = now()
    FROM plan
    WHERE dvd.id = plan.id AND dvd.uk_certification = plan.untidy
"""
"""What somebody changed meanwhile is left alone, and counts as unchanged."""


def certified_dvds() -> QuerySet[DVD]:
    """DVDs that have a UK certification."""
    return DVD.objects.exclude(uk_certification="")


def certification_distribution() -> dict[str, int]:
    """How many DVDs have each certification once tidied, the most frequent first; without one they are under ``""``."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {TIDY} AS tidy, count(*) FROM collection_dvd GROUP BY tidy ORDER BY 2 DESC, 1")  # noqa: S608
        return dict(cursor.fetchall())
