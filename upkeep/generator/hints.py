"""What the author of a new operation reads at the end: what was written, and what to do with it."""

from collections.abc import Iterator
from pathlib import Path

from upkeep.conf import conf
from upkeep.generator.generation import Generation
from upkeep.generator.layout import settings_module

ARGUMENTS = {"import": " FILE.csv", "app": " contenttypes", "text": " LABEL"}
"""What the command needs."""
ENTRIES = {
    "maintenance": ', confirm="yes"',
    "app": ', {"labels": ["contenttypes"]}',
    "text": ', {"labels": ["LABEL"]}',
}
"""What an entry of the schedule needs beyond a time."""


def hints(generation: Generation, *, dry_run: bool) -> Iterator[str]:
    """The lines."""
    app = f", with the new app {generation.app}:" if generation.is_new_app else ":"
    yield ("Would write" if dry_run else "Written") + app
    yield from (f"  {_place(path)}" for path in sorted(generation.files))
    yield from (f"  {_place(path)} (changed)" for path in generation.edits)
    if generation.is_new_app and (meant := generation.layout.similar(generation.app)):
        advice = "" if dry_run else " If so, take back all that is named above."
        yield f"Did you mean the app {meant}?{advice}"
    if generation.kind != "app":
        yield f"It goes through the rows of {generation.subject.model} in {generation.subject.module}."
    if not dry_run:
        yield from ("", "Try it:")
        yield from (f"  {line}" for line in _steps(generation))
        if generation.kind != "import":  # it needs a file each time
            yield from ("", *_schedule(generation))


def _steps(generation: Generation) -> Iterator[str]:
    if generation.is_new_app:
        if not generation.edits:
            yield f"add {generation.layout.package(generation.app)!r} to INSTALLED_APPS"
        yield f"python manage.py migrate {generation.app}"
    if generation.kind == "integration":
        yield f"set {generation.setting} in the settings to the address of the API"
    command = f"python manage.py {generation.name}"
    arguments = ARGUMENTS.get(generation.kind, "")
    confirmed = " --no-input" if generation.kind == "maintenance" else ""
    yield f"{command} --help"
    yield f"{command}{arguments} --dry-run --verbose"
    yield f"{command}{arguments}"
    yield f"{command}{arguments} --enqueue{confirmed}"
    yield generation.layout.test_command(generation.modules[f"{generation.kind}_test"])


def _schedule(generation: Generation) -> Iterator[str]:
    title = generation.name.replace("_", " ").strip().capitalize()
    more = ENTRIES.get(generation.kind, "")
    entry = f'ScheduleEntry("{title}", "{generation.app}.{generation.name}", "0 3 * * *"{more}),'
    path = conf().SCHEDULE or f"{settings_module().partition('.')[0]}.schedule.SCHEDULE"
    module, _, name = path.rpartition(".")
    place = _place(generation.layout.path(module))
    if conf().SCHEDULE:
        yield f"Schedule it, every day at 3:00: add to {name} in {place}"
        yield f"    {entry}"
    else:
        yield f"Schedule it, every day at 3:00: write {place}"
        yield from (
            "    from upkeep.operations import ScheduleEntry",
            "",
            "    SCHEDULE = [",
            f"        {entry}",
            "    ]",
        )
        yield f'and into the settings: UPKEEP = {{"SCHEDULE": "{path}"}}'
    yield "then run `python manage.py migrate`, and Beat fires it."


def _place(path: Path) -> Path:
    """The path as it is shortest to read."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
