from functools import partial

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from backend.reports.kernel.logins import LoginError
from backend.reports.services import readers
from backend.reports.services.schema import ReportsError
from backend.tracking.services.lookup import UnknownCodeError
from tasks.tracking._subjects import of_organization
from upkeep.operations import Params, RunContext, operation


class MakeReportUser(Params):
    organization: tuple[str, ...] = ()
    """The code of an organization whose rows they see, and no others; may be given several times. Default: all rows."""


def _login_is_set(_params: MakeReportUser) -> None:
    if not (settings.REPORT_USERNAME and settings.REPORT_PASSWORD):
        wanted = "the name and password of the database user who is to read the reports"
        raise ImproperlyConfigured(f"set REPORT_USERNAME and REPORT_PASSWORD to {wanted}")


@operation(
    "reports.make_report_user",
    exclusive="reports",
    configured=_login_is_set,
    errors=(LoginError, ReportsError, UnknownCodeError),
    examples=(
        ("", "Make the user of REPORT_USERNAME, or set their password; they see all rows."),
        ("--organization demo", "The same, but they see the rows of the organization demo alone."),
    ),
)
def make_report_user(params: MakeReportUser, run: RunContext) -> None:
    """Make a PostgreSQL user who can read the reports and nothing else, with the name and password of the settings.

    A user that is limited to organizations sees neither DVDs nor runs.
    """
    run.about(*map(of_organization, params.organization))
    username, password = settings.REPORT_USERNAME, settings.REPORT_PASSWORD
    plan = partial(readers.plan, username, password, params.organization)
    run.commit(plan, write=partial(readers.write, password=password), whole=True)
    rows = f"the rows of {', '.join(sorted(params.organization))}" if params.organization else "all rows"
    run.report(f"{username} {'would read' if run.dry_run else 'reads'} {rows}", username=username)
