"""What operations do with DVDs."""

from backend.collection.services.availability import dvds_with_imdb_id, not_asked_for
from backend.collection.services.certifications import certification_distribution, certified_dvds
from backend.collection.services.details import coverage, dvds_to_refresh, dvds_without_imdb_id
from backend.collection.services.dvds import create_dvds, delete_dvds, write_availability, write_details, write_dvds
from backend.collection.services.poster_folder import PosterFolderError
from backend.collection.services.posters import poster_folder, used_posters
from backend.collection.services.sample import all_dvds, existing_tmdb_ids, sample_films
from backend.collection.services.sources import has_yts, tmdb, yts

__all__ = [
    "PosterFolderError",
    "all_dvds",
    "certification_distribution",
    "certified_dvds",
    "coverage",
    "create_dvds",
    "delete_dvds",
    "dvds_to_refresh",
    "dvds_with_imdb_id",
    "dvds_without_imdb_id",
    "existing_tmdb_ids",
    "has_yts",
    "not_asked_for",
    "poster_folder",
    "sample_films",
    "tmdb",
    "used_posters",
    "write_availability",
    "write_details",
    "write_dvds",
    "yts",
]
