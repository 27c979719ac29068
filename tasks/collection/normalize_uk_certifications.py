from backend.collection import services
from backend.collection.services import certifications
from upkeep.operations import Params, RunContext, operation


class NormalizeUkCertifications(Params):
    pass


@operation(
    "collection.normalize_uk_certifications",
    exclusive="collection:certifications",
    examples=(
        ("--dry-run --verbose", "Show each certification as it is, and as it would be."),
        ("", "Write them."),
    ),
)
def normalize_uk_certifications(params: NormalizeUkCertifications, run: RunContext) -> None:  # noqa: ARG001
    """Write UK certifications in lower case, without white space and invisible characters at the ends."""
    for batch in run.batches(services.certified_dvds()):
        batch.commit_sql(plan=certifications.PLAN, write=certifications.WRITE)
    distribution = services.certification_distribution()
    without = distribution.pop("", 0)
    for certification, number in distribution.items():
        run.report(f"{certification}: {_dvds(number)}")
    run.report(f"No certification: {_dvds(without)}", distribution=distribution, without_certification=without)


def _dvds(number: int) -> str:
    return f"{number} DVD" if number == 1 else f"{number} DVDs"
