import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from django.db import connection, transaction

from backend.collection.kernel.posters import PosterFile
from backend.collection.models import DVD
from backend.collection.services.poster_folder import PosterFolder
from backend.collection.services.used_posters import used_posters
from tasks.collection.cleanup_unused_posters import CleanupUnusedPosters, cleanup_unused_posters
from tests.integration.collection.commands import Ended, ran
from tests.integration.collection.factories import dvd, poster
from tests.integration.operations.factories import COMMITTED
from upkeep.operations.runner import execute

pytestmark = COMMITTED


def cleaned(*options: str) -> Ended:
    return ran("cleanup_unused_posters", *options)


@pytest.fixture(autouse=True)
def _named() -> None:
    """A DVD names a poster: that none does is a case of its own."""
    dvd(poster="posters/named.jpg")


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
        ended = cleaned("--delete", "--max-deleted", "100")
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


# ---- names that resemble used ones


def test_a_file_that_resembles_a_used_one_is_skipped_with_a_reason_of_its_own(media: Path) -> None:
    for name in ("Ame\u0301lie.jpg", "ALIEN.jpg", "my%20film.jpg", "back\\slash.jpg", "unused.jpg"):
        poster(media, name)
    for name in ("Am\u00e9lie.jpg", "alien.jpg", "my film.jpg", "back/slash.jpg"):
        dvd(poster=f"posters/{name}")
    ended = cleaned("--delete")
    assert (ended.exit_code, ended.counts) == (0, {"processed": 5, "deleted": 1, "skipped": 4})
    assert ended.reasons == {"resembles_used": 4}
    assert not (media / "posters" / "unused.jpg").exists()


@pytest.mark.parametrize("name", ["posters//alien.jpg", "./posters/alien.jpg", "posters/2023/../alien.jpg"])
def test_a_file_that_the_storage_finds_under_another_spelling_is_in_use(media: Path, name: str) -> None:
    poster(media, "alien.jpg")
    film = dvd(poster=name)
    assert cleaned("--delete").counts == {"processed": 1, "unchanged": 1}
    with film.poster.open() as opened:
        assert len(opened.read()) == 100


# ---- limits


def stopped(ended: Ended) -> bool:
    return (ended.exit_code, ended.counts, ended.reasons) == (1, {"processed": 1, "failed": 1}, {"limit_exceeded": 1})


def test_without_a_dvd_that_names_a_poster_nothing_is_deleted_unattended(media: Path) -> None:
    DVD.objects.all().delete()
    dvd(poster="")
    poster(media, "alien.jpg")
    ended = cleaned("--delete", "--max-deleted", "100")
    assert stopped(ended)
    assert ended.error.startswith("1 of 1 items would be deleted, none may be: no DVD names a poster; ")
    assert files(media) == ["posters/alien.jpg"]


def test_without_a_dvd_that_names_a_poster_an_empty_folder_is_nothing_to_do(media: Path) -> None:
    DVD.objects.all().delete()
    poster(media, "young.jpg", hours=0)
    assert (cleaned("--delete").exit_code, cleaned("--no-input").counts) == (0, {"processed": 1, "skipped": 1})


@pytest.mark.parametrize("option", ["--delete", "--no-input"])
def test_more_than_half_of_the_files_are_not_deleted_unattended(media: Path, option: str) -> None:
    for number in range(9):
        poster(media, f"used-{number}.jpg")
        dvd(poster=f"posters/used-{number}.jpg")
    for number in range(11):
        poster(media, f"unused-{number}.jpg")
    ended = cleaned(option)
    assert stopped(ended)
    assert ended.error.startswith("11 of 20 items would be deleted, the limit is 50 %: look at them with --dry-run")
    assert len(files(media)) == 20
    assert cleaned(option, "--max-deleted", "54").exit_code == 1
    assert cleaned(option, "--max-deleted", "55").counts == {"processed": 20, "deleted": 11, "unchanged": 9}


def test_fewer_than_20_files_are_not_limited(media: Path) -> None:
    for number in range(19):
        poster(media, f"{number}.jpg")
    assert cleaned("--delete").counts == {"processed": 19, "deleted": 19}


def test_a_limit_of_0_lets_none_go_however_few_there_are(media: Path) -> None:
    poster(media, "alien.jpg")
    ended = cleaned("--delete", "--max-deleted", "0")
    assert stopped(ended)
    assert ended.error.startswith("1 of 1 items would be deleted, none may be: look at them with --dry-run")
    assert files(media) == ["posters/alien.jpg"]


@pytest.mark.parametrize("name", ["posters/", "./Posters", ".", "//", "posters\\"])
def test_dvds_that_name_only_the_folder_name_no_poster(media: Path, name: str) -> None:
    DVD.objects.update(poster=name)
    poster(media, "alien.jpg")
    assert stopped(cleaned("--delete"))
    assert files(media) == ["posters/alien.jpg"]


def test_a_dry_run_says_that_an_unattended_one_would_be_stopped(media: Path) -> None:
    DVD.objects.all().delete()
    poster(media, "alien.jpg", size=1_234)
    ended = cleaned("--dry-run")
    assert (ended.exit_code, ended.counts) == (0, {"processed": 1, "deleted": 1})
    assert ended.report[0] == "Would free 1,234 bytes of 1 files"
    assert "would be stopped (limit_exceeded): 1 of 1 items would be deleted, none may be" in ended.report[1]


def test_a_person_who_saw_the_counts_may_delete_everything(media: Path) -> None:
    DVD.objects.all().delete()
    poster(media, "alien.jpg")
    outcome = execute(cleanup_unused_posters, CleanupUnusedPosters(), confirm="yes", attended=True)
    assert (outcome.status, files(media)) == ("succeeded", [])


@pytest.mark.parametrize("percent", ["-1", "101", "0.5", "x"])
def test_the_limit_is_in_whole_per_cent(media: Path, percent: str) -> None:
    poster(media, "alien.jpg")
    assert cleaned("--delete", f"--max-deleted={percent}").exit_code == 2
    assert files(media) == ["posters/alien.jpg"]


# ---- references that change meanwhile


def test_a_row_that_is_committed_while_the_files_are_deleted_is_seen(media: Path) -> None:
    """Also one whose transaction began before the names were first read."""
    poster(media, "alien.jpg")
    folder = PosterFolder(media)
    used = used_posters(folder)
    with begun(lambda: dvd(poster="posters//alien.jpg")) as commit:
        assert isinstance(used.look_at(["posters/alien.jpg"])[0], PosterFile)
        DVD.objects.filter(poster="posters/named.jpg").update(name="a later transaction")
        commit()
        assert used.look_at(["posters/alien.jpg"]) == ["posters/alien.jpg"]


@contextmanager
def begun(write: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Something is written in another transaction, which ends when the function that comes is called."""
    written, ending = Event(), Event()

    def transact() -> None:
        try:
            with transaction.atomic():
                write()
                written.set()
                assert ending.wait(60)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(transact)
        assert written.wait(60)

        def commit() -> None:
            ending.set()
            done.result()

        yield commit
