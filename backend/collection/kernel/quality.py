"""In which qualities a film exists. Where it can be fetched is not kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Resolution = Literal["720p", "1080p"]


@dataclass(frozen=True, slots=True)
class Quality:
    """One quality that a film is available in."""

    quality: Resolution
    size_bytes: int | None = None
    seeds: int = 0
    peers: int = 0
    uploaded_at: datetime | None = None
    """In UTC."""
