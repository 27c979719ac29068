"""What the author of a new operation reads at the end: what was written, and what to do with it."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from upkeep.conf import conf
from upkeep.generator.generation import Generation

ARGUMENTS = {"import": " FILE.csv", "text": " LABEL …"}
ENTRIES = {
    "maintenance": ', confirm="yes"',
    "text": ', {"labels": ["LABEL"]}',
}


def hints(generation: Generation, *, dry_run: bool) -> Iterator[str]:
    """The lines."""
    yield "Would write:" if dry_run else "Written:"
    yield from (f"  {_place(path)}" for path in sorted(generation.files))
    yield from (f"  {_place(path)} (changed)" for path in generation.edits)
    yield (
        f"The operation goes through {generation.subject.model} of {generation.subject.module}."
        if generation.kind != "app"
        else "The operation goes through the models of installed apps."
    )
    if dry_run:
        return
    yield ""
    yield "Try it:"
    name, arguments = generation.name, _arguments(generation)
    if generation.is_new_app:
        if not generation.edits:
            yield f"  add {generation.layout.package(generation.app)!r} to INSTALLED_APPS"
        yield f"  python manage.py migrate {generation.app}"
    if generation.kind == "integration":
        yield f"  set {generation.setting} in the settings to the address of the API"
    yield f"  python manage.py {name} --help"
    yield f"  python manage.py {name}{arguments} --dry-run --verbose"
    yield f"  python manage.py {name}{arguments}"
    enqueue = " --no-input" if generation.kind == "maintenance" else ""
    yield f"  python manage.py {name}{arguments} --enqueue{enqueue}"
    yield f"  {generation.layout.test_command(generation.modules[f'{generation.kind}_test'])}"
    if generation.kind != "import":  # it needs a file each time
        yield ""
        yield from _schedule(generation)


def _arguments(generation: Generation) -> str:
    return f" {generation.app}" if generation.kind == "app" else ARGUMENTS.get(generation.kind, "")


def _schedule(generation: Generation) -> Iterator[str]:
    more = f', {{"labels": ["{generation.app}"]}}' if generation.kind == "app" else ENTRIES.get(generation.kind, "")
    title = generation.name.replace("_", " ").capitalize()
    entry = f'ScheduleEntry("{title}", "{generation.app}.{generation.name}", "0 3 * * *"{more}),'
    path = conf().SCHEDULE
    module, _, name = (path or f"{settings.SETTINGS_MODULE.rpartition('.')[0]}.schedule.SCHEDULE").rpartition(".")
    file = _place(generation.layout.path(module))
    if path:
        yield f"Schedule it, here every day at 3:00: add to {name} in {file}"
        yield f"    {entry}"
    else:
        yield f"Schedule it, here every day at 3:00: write {file}"
        yield "    from upkeep.operations import ScheduleEntry"
        yield ""
        yield "    SCHEDULE = ["
        yield f"        {entry}"
        yield "    ]"
        yield f'and into the settings: UPKEEP = {{"SCHEDULE": "{module}.SCHEDULE"}}'
    yield "then run `python manage.py migrate`; Beat fires it."


def _place(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
