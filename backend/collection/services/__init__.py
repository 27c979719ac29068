"""What operations do with DVDs."""

from backend.collection.services.availability import dvds_with_imdb_id, with_wrong_flag
from backend.collection.services.certifications import certification_distribution, certified_dvds
from backend.collection.services.details import coverage, dvds_to_refresh, dvds_without_imdb_id
from backend.collection.services.dvds import (
    create_dvds,
    delete_dvds,
    write_availability,
    write_details,
    write_dvds,
    write_imdb_ids,
)
from backend.collection.services.lookups import due, next_in_turn, tried_in_vain, unanswered_last
from backend.collection.services.poster_folder import PosterFolderError
from backend.collection.services.sample import all_dvds, existing_tmdb_ids, sample_films
from backend.collection.services.sources import Catalogue, check_tmdb, check_yts, tmdb, yts
from backend.collection.services.spreadsheet import exported_pages, imported_pages, shelf, write_imported
from backend.collection.services.used_posters import has_posters, poster_folder, used_posters

__all__ = [
    "Catalogue",
    "PosterFolderError",
    "all_dvds",
    "certification_distribution",
    "certified_dvds",
    "check_tmdb",
    "check_yts",
    "coverage",
    "create_dvds",
    "delete_dvds",
    "due",
    "dvds_to_refresh",
    "dvds_with_imdb_id",
    "dvds_without_imdb_id",
    "existing_tmdb_ids",
    "exported_pages",
    "has_posters",
    "imported_pages",
    "next_in_turn",
    "poster_folder",
    "sample_films",
    "shelf",
    "tmdb",
    "tried_in_vain",
    "unanswered_last",
    "used_posters",
    "with_wrong_flag",
    "write_availability",
    "write_details",
    "write_dvds",
    "write_imdb_ids",
    "write_imported",
    "yts",
]
