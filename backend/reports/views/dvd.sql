CREATE VIEW report.dvd WITH (security_barrier) AS
SELECT id AS dvd_id, name AS title, status::text, media_type::text, disk_type::text, is_tartan_dvd, is_box_set,
    nullif(box_set_name, '') AS box_set_name, is_unopened, is_unwatched, is_downloaded,
    nullif(storage_box, '') AS storage_box, nullif(location, '') AS location, copy_number, tmdb_id,
    nullif(imdb_id, '') AS imdb_id, nullif(overview, '') AS overview, release_year, nullif(genres, '') AS genres,
    runtime AS runtime_in_minutes, rating::numeric AS rating, tmdb_user_score::numeric AS tmdb_user_score,
    nullif(uk_certification, '') AS uk_certification, nullif(original_language, '') AS original_language,
    budget AS budget_in_dollars, revenue AS revenue_in_dollars, nullif(production_companies, '') AS production_companies,
    nullif(tagline, '') AS tagline, nullif(director, '') AS director, is_available, qualities,
    availability_asked_at, created_at, updated_at
FROM collection_dvd
WHERE $is_unlimited;

COMMENT ON VIEW report.dvd IS 'The collection of DVDs, with details and availability. Empty for users who are limited to organizations.';
COMMENT ON COLUMN report.dvd.dvd_id IS 'The id of the DVD in Upkeep.';
COMMENT ON COLUMN report.dvd.title IS 'The title that the owner gave the DVD.';
COMMENT ON COLUMN report.dvd.status IS 'What became of the DVD.';
COMMENT ON COLUMN report.dvd.media_type IS 'What the film is on.';
COMMENT ON COLUMN report.dvd.disk_type IS 'The kind of the disk.';
COMMENT ON COLUMN report.dvd.is_tartan_dvd IS 'Whether the DVD was published by Tartan.';
COMMENT ON COLUMN report.dvd.is_box_set IS 'Whether the DVD belongs to a box set.';
COMMENT ON COLUMN report.dvd.box_set_name IS 'The name of the box set. Null: unknown, or no box set.';
COMMENT ON COLUMN report.dvd.is_unopened IS 'Whether the DVD is still sealed.';
COMMENT ON COLUMN report.dvd.is_unwatched IS 'Whether nobody watched the DVD yet.';
COMMENT ON COLUMN report.dvd.is_downloaded IS 'Whether the film is downloaded, too.';
COMMENT ON COLUMN report.dvd.storage_box IS 'The box that the DVD is in. Null: none.';
COMMENT ON COLUMN report.dvd.location IS 'Where the DVD is; of an unboxed one, a number that no other one has. Null: unknown.';
COMMENT ON COLUMN report.dvd.copy_number IS 'The number among copies of the same film, from 1.';
COMMENT ON COLUMN report.dvd.tmdb_id IS 'The id of the film at TMDB. Null: unknown.';
COMMENT ON COLUMN report.dvd.imdb_id IS 'The id of the film at IMDb: tt and digits. Null: unknown.';
COMMENT ON COLUMN report.dvd.overview IS 'What the film is about. Null: unknown.';
COMMENT ON COLUMN report.dvd.release_year IS 'The year in which the film was released. Null: unknown.';
COMMENT ON COLUMN report.dvd.genres IS 'Genres, joined by a comma and a blank. Null: unknown.';
COMMENT ON COLUMN report.dvd.runtime_in_minutes IS 'The length of the film in minutes. Null: unknown.';
COMMENT ON COLUMN report.dvd.rating IS 'The rating from 0 to 10. Null: unknown.';
COMMENT ON COLUMN report.dvd.tmdb_user_score IS 'The score of the users of TMDB from 0 to 10. Null: unknown.';
COMMENT ON COLUMN report.dvd.uk_certification IS 'The certification in the United Kingdom, in lower case. Null: unknown.';
COMMENT ON COLUMN report.dvd.original_language IS 'The original language as ISO 639-1 calls it. Null: unknown.';
COMMENT ON COLUMN report.dvd.budget_in_dollars IS 'The budget in US dollars. Null: unknown.';
COMMENT ON COLUMN report.dvd.revenue_in_dollars IS 'The revenue in US dollars. Null: unknown.';
COMMENT ON COLUMN report.dvd.production_companies IS 'Companies, joined by a comma and a blank. Null: unknown.';
COMMENT ON COLUMN report.dvd.tagline IS 'The tagline of the film. Null: unknown.';
COMMENT ON COLUMN report.dvd.director IS 'Directors, joined by a comma and a blank. Null: unknown.';
COMMENT ON COLUMN report.dvd.is_available IS 'Whether the film is known to be available.';
COMMENT ON COLUMN report.dvd.qualities IS 'In which qualities the film is available: a JSON list of objects, empty when it is not.';
COMMENT ON COLUMN report.dvd.availability_asked_at IS 'When the availability was last learned, a moment (UTC). Null: never.';
COMMENT ON COLUMN report.dvd.created_at IS 'When the DVD was added to the collection, a moment (UTC).';
COMMENT ON COLUMN report.dvd.updated_at IS 'When anything about the DVD was last changed, a moment (UTC).';
