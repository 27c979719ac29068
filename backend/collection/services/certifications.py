"""UK certifications, tidied in the database: their rows are never loaded."""

from django.db import connection
from django.db.models import QuerySet

from backend.collection.models import DVD

SPACES = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What `str.strip` removes."""
FORMAT_CHARACTERS = (
    r"\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    r"\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0001\U000e0020-\U000e007f"
)
"""Unicode's category Cf."""
EDGE = f"[{SPACES}{FORMAT_CHARACTERS}]+"
TIDY = f"lower(regexp_replace(uk_certification, '^{EDGE}|{EDGE}$', '', 'g'))"

PLAN = f"""
    SELECT 'updated' AS action, id::text AS key, name AS label,
        jsonb_build_object('uk_certification', jsonb_build_array(untidy, tidy)) AS fields,
        '' AS reason, id, untidy, tidy
    FROM (SELECT id, name, uk_certification AS untidy, {TIDY} AS tidy
            FROM collection_dvd WHERE id BETWEEN %(first)s AND %(last)s OFFSET 0) AS dvd
    WHERE untidy <> tidy
"""  # noqa: S608 - made of constants
"""The offset keeps the planner from tidying a certification again wherever it is used."""

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
