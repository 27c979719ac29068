import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from backend.collection import services
from backend.collection.kernel import posters
from backend.collection.kernel.posters import PosterFile, Unreadable
from backend.collection.services.poster_folder import MAX_DEPTH, PAGE, PosterFolder
from tests.integration.collection.factories import poster
from upkeep.operations.plans import Change

NOBODY = 65_534


@pytest.fixture
def media() -> Iterator[Path]:
    """A media folder that any user may enter, unlike those of `tmp_path`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o777)
        yield path


@contextmanager
def unprivileged() -> Iterator[None]:
    """As a user whom permissions bind, even if the tests run as root."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def found(media: Path) -> list[posters.LookedAt]:
    folder = PosterFolder(media)
    return [item for page, _ in folder.pages(None) for item in folder.looked_at(page, used=())]


def paths(media: Path) -> list[str]:
    return sorted(str(item) for page, _ in PosterFolder(media).pages(None) for item in page)


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def plan(media: Path) -> list[Change]:
    """That all files go."""
    return posters.plan(found(media), modified_before=float("inf"))


def test_images_are_found_in_sub_folders_too_whatever_the_case_of_their_suffix(media: Path) -> None:
    names = ["1.jpg", "2.JPEG", "3.png", "4.webp", "a/5.jpg", "a/b/6.Png", "a/b/c d/ü.jpg"]
    for name in [*names, "7.gif", "jpg", "8.jpg.part", "notes.txt", "a/.9.svg"]:
        poster(media, name)
    assert paths(media) == sorted(f"posters/{name}" for name in names)


def test_a_file_comes_with_its_size_and_age(media: Path) -> None:
    file = poster(media, "alien.jpg", size=1_234)
    status = file.stat()
    identity = (status.st_dev, status.st_ino)
    assert found(media) == [PosterFile("posters/alien.jpg", 1_234, status.st_mtime, identity)]


def test_nobody_looks_at_a_file_in_use(media: Path) -> None:
    poster(media, "alien.jpg")
    assert PosterFolder(media).looked_at(["posters/alien.jpg"], used={"posters/alien.jpg"}) == ["posters/alien.jpg"]


def test_a_file_that_has_gone_meanwhile_is_left_alone(media: Path) -> None:
    poster(media, "alien.jpg")
    assert PosterFolder(media).looked_at(["posters/gone.jpg"], used=()) == ["posters/gone.jpg"]
    assert PosterFolder(media / "gone").looked_at(["posters/manage.py"], used=()) == ["posters/manage.py"]


def test_a_missing_folder_holds_nothing(media: Path) -> None:
    assert found(media) == []


def test_symbolic_links_are_not_followed(media: Path) -> None:
    outside = poster(media / "elsewhere", "alien.jpg")
    poster(media, "own.jpg")
    (media / "posters" / "folder").symlink_to(outside.parent)
    (media / "posters" / "file.jpg").symlink_to(outside)
    assert paths(media) == ["posters/own.jpg"]


def test_a_posters_folder_that_is_a_symbolic_link_is_refused(media: Path) -> None:
    outside = poster(media / "elsewhere", "alien.jpg")
    (media / "posters").symlink_to(outside.parent)
    with pytest.raises(services.PosterFolderError, match="a symbolic link is not followed"):
        found(media)


def test_links_are_known_by_their_paths_and_so_are_folders_that_cannot_be_read(media: Path) -> None:
    outside = poster(media / "elsewhere", "alien.jpg")
    poster(media, "a/own.jpg")
    (media / "posters" / "folder").symlink_to(outside.parent)
    (media / "posters" / "a" / "file.jpg").symlink_to(outside)
    poster(media, "private/alien.jpg").parent.chmod(0)
    with unprivileged():
        assert PosterFolder(media).links() == {"posters/folder", "posters/a/file.jpg", "posters/private"}
    assert PosterFolder(media / "gone").links() == set()


def test_large_folders_come_page_by_page(media: Path) -> None:
    for number in range(PAGE + 1):
        poster(media, f"{number}.jpg", size=0)
    sizes = [len(page) for page, _ in PosterFolder(media).pages(None)]
    assert sizes == [PAGE, 1]


def test_an_unreadable_sub_folder_is_told_and_the_rest_is_found(media: Path) -> None:
    poster(media, "private/alien.jpg").parent.chmod(0)
    poster(media, "own.jpg")
    with unprivileged():
        everything = found(media)
    assert Unreadable("posters/private", "permission_denied") in everything
    assert len(everything) == 2


def test_a_folder_whose_files_cannot_be_looked_at_tells_each_of_them(media: Path) -> None:
    poster(media, "private/alien.jpg").parent.chmod(0o444)
    with unprivileged():
        assert found(media) == [Unreadable("posters/private/alien.jpg", "permission_denied")]


def test_an_unreadable_posters_folder_is_an_error(media: Path) -> None:
    poster(media, "alien.jpg").parent.chmod(0)
    with unprivileged(), pytest.raises(services.PosterFolderError, match=r"posters cannot be read: Permission denied"):
        found(media)


def test_folders_deeper_than_any_sensible_one_are_told(media: Path) -> None:
    poster(media, "/".join(["x"] * MAX_DEPTH) + "/deep.jpg")
    [item] = found(media)
    assert isinstance(item, Unreadable)
    assert item.reason == "too_deep"


def test_reading_a_folder_leaves_no_file_open(media: Path) -> None:
    for name in ("1.jpg", "a/2.jpg", "a/b/3.jpg"):
        poster(media, name)
    before = open_files()
    PosterFolder(media).delete(plan(media))
    pages = PosterFolder(media).pages(None)
    with suppress(StopIteration):
        next(pages)
    del pages
    assert open_files() == before


def test_deleting_leaves_nothing_but_other_files(media: Path) -> None:
    for name in ("1.jpg", "a/2.jpg", "a/b/3.jpg"):
        poster(media, name, size=1_000)
    kept = poster(media, "a/notes.txt")
    folder = PosterFolder(media)
    folder.delete(plan(media))
    assert paths(media) == []
    assert kept.exists()


def test_what_is_gone_already_is_fine(media: Path) -> None:
    poster(media, "1.jpg")
    poster(media, "a/2.jpg")
    planned = plan(media)
    (media / "posters" / "1.jpg").unlink()
    (media / "posters" / "a" / "2.jpg").unlink()
    (media / "posters" / "a").rmdir()
    folder = PosterFolder(media)
    folder.delete(planned)
    folder.delete(planned)


def test_deleting_again_after_a_failure_goes_on_with_the_others(media: Path) -> None:
    poster(media, "private/1.jpg").parent.chmod(0o555)
    poster(media, "2.jpg").parent.chmod(0o777)
    folder, planned = PosterFolder(media), sorted(plan(media), key=lambda change: change.key, reverse=True)
    with unprivileged():
        with pytest.raises(PermissionError):
            folder.delete(planned)
        for change in planned:
            with suppress(PermissionError):
                folder.delete([change])
    assert paths(media) == ["posters/private/1.jpg"]


def test_a_folder_replaced_by_a_symbolic_link_meanwhile_does_not_lead_outside(media: Path) -> None:
    outside = poster(media / "elsewhere", "alien.jpg")
    inside = poster(media, "a/alien.jpg")
    planned = plan(media)
    inside.unlink()
    inside.parent.rmdir()
    inside.parent.symlink_to(outside.parent)
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        PosterFolder(media).delete(planned)
    assert outside.exists()


def test_a_file_replaced_by_a_symbolic_link_meanwhile_does_not_lead_outside(media: Path) -> None:
    outside = poster(media / "elsewhere", "alien.jpg")
    inside = poster(media, "alien.jpg")
    planned = plan(media)
    inside.unlink()
    inside.symlink_to(outside)
    PosterFolder(media).delete(planned)
    assert outside.exists()


def test_names_that_are_not_utf8_can_be_deleted(media: Path) -> None:
    poster(media, os.fsdecode(b"\xff.jpg"))
    PosterFolder(media).delete(plan(media))
    assert list((media / "posters").iterdir()) == []
