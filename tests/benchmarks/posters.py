"""cleanup_unused_posters on a folder of which half is used."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from django.test import override_settings

from tasks.collection.cleanup_unused_posters import CleanupUnusedPosters, cleanup_unused_posters
from tests.benchmarks import child, database
from tests.benchmarks.pairs import measured, seconds, seconds_of_each
from tests.benchmarks.report import Row, at_most
from upkeep.operations.runner import execute

FOLDERS = 20
POSTER = f"'posters/' || mod(n, {FOLDERS}) || '/used-' || n || '.jpg'"


def speed(*, quick: bool) -> Iterator[Row]:
    """Beside the system calls alone; unattended, both look at all files before they delete one."""
    number, rounds = (10_000, 1) if quick else (100_000, 5)
    with _media(number) as media, override_settings(MEDIA_ROOT=str(media)):
        for attended, beside, goal in (
            (False, "twice scandir and stat, then unlink", 2),
            (True, "scandir, stat and unlink", 1.25),
        ):
            ours, barely = partial(_ours, attended=attended), partial(_barely, attended=attended)
            pairs = measured(rounds, lambda: ours(media, number), lambda: barely(media, number))  # noqa: B023
            yield Row(
                f"cleanup_unused_posters{', attended' if attended else ''}", f"{beside}, {number:,} files",
                pairs.slower, goal=at_most(goal), ours=f"{pairs.ours:.2f} s", other=f"{pairs.other:.2f} s",
            )  # fmt: skip


def memory(*, quick: bool) -> Iterator[Row]:
    """Of the command, on a large folder."""
    number = 100_000 if quick else 1_000_000
    with _media(number) as media:
        _make(media, "unused", number // 2)
        options = ("--delete", "--min-age-hours", "0", "--json")
        ended = child.manage("cleanup_unused_posters", *options, MEDIA_ROOT=str(media))
    name = "manage.py cleanup_unused_posters"
    yield Row(name, f"{number:,} files", ended.megabytes, "MB", at_most(120), ours=f"{ended.seconds:.1f} s")


@contextmanager
def _media(number: int) -> Iterator[Path]:
    """A media folder with the used half of so many files."""
    database.fill(number // 2, poster=POSTER)
    with tempfile.TemporaryDirectory(prefix="upkeep-bench-") as media:
        _make(Path(media), "used", number // 2)
        yield Path(media)


def _make(media: Path, kind: str, number: int) -> None:
    """Links to one file a folder: new files are slow to make where as many were just deleted."""
    for folder in range(FOLDERS):
        path, file = media / "posters" / str(folder), f"{media}/{folder}.jpg"
        path.mkdir(parents=True, exist_ok=True)
        Path(file).touch()
        for place in range(folder or FOLDERS, number + 1, FOLDERS):
            os.link(file, f"{path}/{kind}-{place}.jpg")


def _ours(media: Path, number: int, *, attended: bool) -> float:
    _make(media, "unused", number // 2)
    params = CleanupUnusedPosters(min_age_hours=0)
    took = seconds(lambda: execute(cleanup_unused_posters, params, confirm="yes", attended=attended))
    assert sum(len(files) for _, _, files in os.walk(media / "posters")) == number // 2
    return took


def _barely(media: Path, number: int, *, attended: bool) -> float:
    _make(media, "unused", number // 2)
    folders = [media / "posters" / str(folder) for folder in range(FOLDERS)]
    looked = 0 if attended else seconds_of_each(_looked_at, folders)
    return looked + seconds_of_each(_cleaned, folders)


def _looked_at(folder: Path) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            entry.stat(follow_symlinks=False)


def _cleaned(folder: Path) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            entry.stat(follow_symlinks=False)
            if entry.name.startswith("unused"):
                os.unlink(entry)  # noqa: PTH108 - the bare call
