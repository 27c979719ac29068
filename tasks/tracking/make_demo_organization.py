from typing import Annotated

from pydantic import Field

from backend.tracking.kernel.configuration.fields import Code
from backend.tracking.kernel.demo import items, work
from backend.tracking.kernel.demo.backlog import Backlog
from backend.tracking.kernel.demo.items import unless_there
from backend.tracking.kernel.demo.options import Options
from backend.tracking.kernel.demo.structure import Structure
from backend.tracking.services import demo
from tasks.tracking._subjects import of_organization
from upkeep.operations import Params, RunContext, operation


class MakeDemoOrganization(Params):
    code: Code = "demo"
    """The organization's code."""
    projects: Annotated[int, Field(ge=1, le=100)] = 2
    """How many projects it has."""
    tasks: Annotated[int, Field(ge=0, le=100_000)] = 60
    """How many tasks its projects have in total."""
    work_entries: Annotated[int, Field(ge=0, le=10_000_000)] = 1_000
    """How many work entries its projects have in total."""
    seed: int = 1
    """The seed of the random data: another number gives other names, tasks and work."""


def _organization(params: MakeDemoOrganization) -> str:
    return of_organization(params.code)


@operation(
    "tracking.make_demo_organization",
    exclusive=_organization,
    about=_organization,
    errors=(demo.TakenCodeError,),
    examples=(
        ("", "Create an organization demo with 2 projects."),
        ("--code big --projects 5 --work-entries 100000", "Create a large one beside it."),
    ),
)
def make_demo_organization(params: MakeDemoOrganization, run: RunContext) -> None:
    """Create an organization with realistic tasks and work; the same seed gives the same data.

    Its trackers have no API, so nothing is ever downloaded; its members cannot sign in. The work is not matched yet.
    """
    options = Options(**params.model_dump())
    structure = Structure(options)
    demo.check_code(params.code, structure)
    backlog = Backlog(options, structure)
    with run.step("organization") as step:
        everything = items.created(structure.items())
        step.commit(lambda: unless_there(everything, demo.existing_items(everything)), write=demo.write_structure)
    with run.step("tasks") as step:
        for page in step.batches(backlog.pages):
            tasks = items.created(page.items)
            page.commit(unless_there(tasks, demo.existing_items(tasks)), write=demo.write_items)
    entries = work.Work(options, structure, backlog)
    with run.step("work entries") as step:
        for days in step.batches(entries.pages, fetch=entries.created):  # while those before them are written
            days.commit(unless_there(days.fetched, demo.existing_work(days.fetched)), write=demo.write_work)
    if not run.dry_run:
        run.report(f"`match_project {params.code}` matches its work with its tasks", organization=params.code)
