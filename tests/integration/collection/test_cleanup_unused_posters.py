import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.collection.commands import Ended, ran
from tests.integration.collection.factories import dvd, poster

pytestmark = pytest.mark.django_db(transaction=True)


def cleaned(*options: str) -> Ended:
    return ran("cleanup_unused_posters", *options)


def files(media: Path) -> list[str]:
    return sorted(str(file.relative_to(media)) for file in media.rglob("*") if file.is_file())


@contextmanager
def undeletable(file: Path) -> Iterator[None]:
    """A file that even root cannot delete, where the file system knows such files."""
    locked = os.geteuid() == 0
    if locked and subprocess.run(["chattr", "+i", str(file)], check=False, capture_output=True).returncode:
        pytest.skip("root can delete anything here")
    file.parent.chmod(0o555)
    try:
        yield
    finally:
        file.parent.chmod(0o755)
        if locked:
            subprocess.run(["chattr", "-i", str(file)], check=True)


def test_files_that_no_dvd_uses_go_and_all_others_stay(media: Path) -> None:
    dvd(poster="posters/used.jpg")
    poster(media, "used.jpg")
    poster(media, "unused.jpg", size=1_000)
    poster(media, "sub/unused.webp", size=234)
    poster(media, "notes.txt")
    poster(media, "young.png", hours=0.5)
    (media / "other.jpg").touch()
    ended = cleaned("--no-input")
    assert (ended.exit_code, ended.counts) == (0, {"processed": 4, "deleted": 2, "unchanged": 1, "skipped": 1})
    assert ended.reasons == {"too_young": 1}
    assert files(media) == ["other.jpg", "posters/notes.txt", "posters/used.jpg", "posters/young.png"]
    assert ended.report == ["Freed 1,234 bytes of 2 files"]
    assert ended.outcome["result"] == {"files": 2, "bytes": 1_234}


def test_delete_says_the_same_as_no_input(media: Path) -> None:
    poster(media, "unused.jpg")
    assert cleaned("--delete").counts == {"processed": 1, "deleted": 1}
    assert files(media) == []


def test_without_an_answer_nothing_is_touched(media: Path) -> None:
    poster(media, "unused.jpg")
    assert cleaned().exit_code == 2
    assert files(media) == ["posters/unused.jpg"]


def test_a_dry_run_tells_what_would_go(media: Path) -> None:
    poster(media, "unused.jpg", size=1_234)
    ended = cleaned("--dry-run")
    assert (ended.exit_code, ended.counts) == (0, {"processed": 1, "deleted": 1})
    assert ended.report == ["Would free 1,234 bytes of 1 files"]
    assert ended.run.changes.get().key == "posters/unused.jpg"
    assert files(media) == ["posters/unused.jpg"]


def test_the_least_age_can_be_chosen(media: Path) -> None:
    poster(media, "new.jpg", hours=0)
    poster(media, "old.jpg", hours=5)
    assert cleaned("--delete", "--min-age-hours", "6").counts == {"processed": 2, "skipped": 2}
    assert cleaned("--delete", "--min-age-hours", "0").counts == {"processed": 2, "deleted": 2}


def test_a_file_that_cannot_be_deleted_is_failed_with_its_path_and_the_rest_goes(media: Path) -> None:
    for number in range(20):
        poster(media, f"{number}.jpg", size=10)
    with undeletable(poster(media, "locked/stays.jpg", size=1_000)):
        ended = cleaned("--delete")
    assert (ended.exit_code, ended.counts) == (3, {"processed": 21, "deleted": 20, "failed": 1})
    assert ended.reasons == {"permission_denied": 1}
    assert ended.outcome["result"] == {"files": 20, "bytes": 200}
    assert ended.run.changes.get(action="failed").label.startswith("posters/locked/stays.jpg")
    assert files(media) == ["posters/locked/stays.jpg"]


def test_no_posters_folder_is_nothing_to_do(media: Path) -> None:
    ended = cleaned("--delete")
    assert (ended.exit_code, ended.counts) == (0, {})
    assert not (media / "posters").exists()


def test_a_posters_folder_that_leads_elsewhere_is_an_error_in_one_line(media: Path) -> None:
    outside = poster(media / "elsewhere", "unused.jpg")
    (media / "posters").symlink_to(outside.parent)
    ended = cleaned("--delete")
    assert ended.exit_code == 1
    assert ended.error == f"The posters folder {media}/posters cannot be read: a symbolic link is not followed"
    assert outside.exists()
