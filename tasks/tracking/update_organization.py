from typing import Annotated

from backend.tracking.kernel.configuration import references, report
from backend.tracking.kernel.configuration.problems import ConfigurationError
from backend.tracking.kernel.configuration.schema import Organization
from backend.tracking.services import configuration_file, lookup
from backend.tracking.services.organizations import Update
from tasks.tracking._people import map_people
from tasks.tracking._subjects import of_organization
from upkeep.operations import InputFile, Limits, Params, Positional, RunContext, operation

TOO_MANY = "look at them with --prune --dry-run --verbose, then raise --max-deleted, or confirm on a terminal"


class UpdateOrganization(Params):
    file: Annotated[InputFile, Positional()]
    """A YAML file that describes the organization."""
    prune: bool = False
    """Delete what is no longer in the file, instead of listing it."""


def _confirm(params: UpdateOrganization) -> str | None:
    return "yes" if params.prune else None


@operation(
    "tracking.update_organization",
    exclusive="organizations",
    confirm=_confirm,
    limits=Limits(deleted=0.5, advice=TOO_MANY),
    errors=(ConfigurationError,),
    examples=(
        ("example.yaml --dry-run", "Show what would be created and changed."),
        ("example.yaml", "Do it, and list what is no longer in the file."),
        ("example.yaml --prune", "Also delete that, after asking."),
    ),
)
def update_organization(params: UpdateOrganization, run: RunContext) -> None:
    """Create or change an organization as its configuration file says.

    All of it is applied, or nothing. ${NAME} in the file is read from the environment of the process that runs this.
    """
    configuration = _read(params.file, run)
    update = Update(configuration, prune=params.prune)

    for line in report.lines(update.plan) if run.dry_run else report.kept(update.plan):
        run.report(line)
    run.commit(update.plan.values, write=update.write, whole=True)
    for warning in update.warnings():
        run.log(warning)
    if not run.dry_run:
        map_people(lookup.organization(configuration.code), run)


def _read(file: InputFile, run: RunContext) -> Organization:
    try:
        with run.open(file) as opened:
            document = configuration_file.document(opened, file.name)
        if code := references.code(document):  # before anything can be wrong, and be told
            run.about(of_organization(code))
            run.report(f"organization {code}", organization=code)
        return configuration_file.read(document)
    except ConfigurationError as error:
        for problem in error.problems[1:] and error.problems:
            run.report(problem)
        run.report("nothing was changed", problems=error.problems)
        raise
