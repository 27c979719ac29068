import itertools
import os
import time
from pathlib import Path
from typing import Any

from backend.collection.models import DVD
from upkeep.operations.plans import Change

COMPLETE = {
    "tagline": "He waits.",
    "budget": 1,
    "revenue": 2,
    "production_companies": "Tide",
    "director": "Ann Roux",
    "uk_certification": "15",
}
numbers = itertools.count(1)


def dvd(**overrides: Any) -> DVD:
    """A stored DVD of which nothing but its name and TMDB id is known."""
    number = next(numbers)
    return DVD.objects.create(**{"name": f"Film {number}", "tmdb_id": number, **overrides})


def updated(stored: DVD, **payload: Any) -> Change:
    """A plan that writes these columns of a DVD."""
    return Change("updated" if payload else "unchanged", str(stored.pk), stored.name, payload=payload)


def poster(media: Path, path: str, *, hours: float = 2, size: int = 100) -> Path:
    """A file below the posters folder, last modified so many hours ago."""
    file = media / "posters" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(size))
    modified = time.time() - hours * 3600
    os.utime(file, (modified, modified))
    return file
