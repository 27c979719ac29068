from typing import Annotated

from backend.collection import services
from backend.collection.kernel import imports
from backend.spreadsheets.records import Delimiter
from backend.spreadsheets.text import Encoding, UnusableFileError
from upkeep.operations import InputFile, Params, Positional, RunContext, operation


class ImportDvds(Params):
    file: Annotated[InputFile, Positional()]
    """A CSV file: a header line, then one DVD per line."""
    update: bool = False
    """Also change existing DVDs to what the file says. An empty cell empties a field, a column that is not there
    changes nothing."""
    delimiter: Delimiter = ","
    """The character between two cells, or tab; a first line such as sep=; in the file takes precedence."""
    encoding: Encoding | None = None
    """The file's encoding, such as windows-1252. Default: UTF-16 if its byte order mark says so, else UTF-8."""


@operation(
    "collection.import_dvds",
    exclusive="collection:import",
    errors=(UnusableFileError,),
    examples=(
        ("dvds.csv --dry-run --verbose", "Show which DVDs are new, and which lines are wrong."),
        ("dvds.csv", "Add the new DVDs."),
        ("dvds.csv --update", "Also change existing DVDs."),
        ("dvds.csv --delimiter ';' --encoding windows-1252", "Read what a German Excel saves as CSV."),
    ),
)
def import_dvds(params: ImportDvds, run: RunContext) -> None:
    """Add the DVDs of a CSV file, and with --update change existing ones.

    Its columns, of which only title is required: id, title, year, tmdb_id, imdb_id, status (kept, disposed, unboxed),
    media_type (physical, download, rip), disk_type (DVD, BluRay), storage_box, location, is_box_set, box_set,
    copy_number. A line is about the DVD of its id, as export_dvds writes it; without one, about the copy of the film
    that has its TMDB or IMDb id; without these, its title and year. A second line about the same DVD is skipped.
    """
    with run.open(params.file) as file:
        pages = services.imported_pages(
            file, name=params.file.name, delimiter=params.delimiter, encoding=params.encoding
        )
        for batch in run.batches(pages):
            plan = imports.plan(batch.items, services.shelf(batch.items), update=params.update)
            batch.commit(plan, write=services.write_imported)
