"""Whatever the storage finds under the name that a row has is in use."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.collection.kernel.posters import LookedAt, PosterFile, Resembling, Unreadable
from backend.collection.models import DVD
from backend.collection.services.poster_folder import PosterFolder
from backend.collection.services.used_posters import Hashes, UsedPosters, _names, has_posters
from tests.integration.collection.factories import dvd, poster

pytestmark = pytest.mark.django_db
NFC, NFD = "Am\u00e9lie.jpg", "Ame\u0301lie.jpg"


@pytest.fixture
def media() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def used_posters(media: Path) -> UsedPosters:
    return UsedPosters(PosterFolder(media), FileSystemStorage(location=media))


def looked_at(media: Path) -> dict[str, LookedAt]:
    """Each file of the folder by its path."""
    used = used_posters(media)
    items = [item for page, _ in PosterFolder(media).pages(None) for item in used.look_at(page)]
    return {item if isinstance(item, str) else item.path: item for item in items}


def unused(media: Path) -> set[str]:
    return {path for path, item in looked_at(media).items() if isinstance(item, PosterFile)}


def resembling(media: Path) -> set[str]:
    return {path for path, item in looked_at(media).items() if isinstance(item, Resembling)}


def in_use(media: Path) -> set[str]:
    return {path for path, item in looked_at(media).items() if isinstance(item, str)}


@pytest.mark.parametrize(
    "name",
    [
        "posters/2024/alien.jpg",
        "posters//2024///alien.jpg",
        "./posters/2024/alien.jpg",
        "posters/2023/../2024/alien.jpg",
        "posters/2024/./alien.jpg/",
        "covers/../posters/2024/alien.jpg",
        "{media}/posters/2024/alien.jpg",
        "../{name}/posters/2024/alien.jpg",
    ],
)
def test_a_file_is_in_use_however_the_storage_finds_it(media: Path, name: str) -> None:
    file = poster(media, "2024/alien.jpg", size=7)
    poster(media, "2024/aliens.jpg")
    spelt = name.format(media=media, name=media.name)
    assert Path(FileSystemStorage(location=media).path(spelt)).samefile(file)
    dvd(poster=spelt)
    assert (in_use(media), unused(media)) == ({"posters/2024/alien.jpg"}, {"posters/2024/aliens.jpg"})


@pytest.mark.parametrize(("stored", "listed"), [(NFC, NFD), (NFD, NFC), ("Alien.jpg", "ALIEN.JPG")])
def test_a_file_that_is_listed_in_another_form_is_never_free_to_go(media: Path, stored: str, listed: str) -> None:
    poster(media, listed)
    dvd(poster=f"posters/{stored}")
    assert resembling(media) == {f"posters/{listed}"}


@pytest.mark.parametrize(
    "name",
    [
        "posters\\my film.jpg",
        "posters/my%20film.jpg",
        "posters/my%2520film.jpg",
        "posters/my+film.jpg",
        "/media/posters/my film.jpg",
        "/posters/my film.jpg",
        "https://example.com/media/posters/my%20film.jpg?v=2",
        "C:\\inetpub\\media\\posters\\my film.jpg",
        "posters/my film.jpg ",
        "posters/my film.jpg.",
        "POSTERS/my film.jpg",
        "../posters/my film.jpg",
        "my film.jpg",
    ],
)
def test_a_file_that_a_row_may_mean_resembles_a_used_one(media: Path, name: str) -> None:
    poster(media, "my film.jpg")
    poster(media, "your film.jpg")
    dvd(poster=name)
    assert (resembling(media), unused(media)) == ({"posters/my film.jpg"}, {"posters/your film.jpg"})


def test_a_file_whose_name_was_changed_when_it_was_stored_resembles_a_used_one(media: Path) -> None:
    stored = FileSystemStorage(location=media).get_valid_name("My Film (1979).jpg")
    poster(media, stored)
    dvd(poster="posters/My Film (1979).jpg")
    assert resembling(media) == {f"posters/{stored}"}


def test_a_file_with_a_name_that_is_not_utf8_resembles_that_of_its_row(media: Path) -> None:
    listed = os.fsdecode("Amélie.jpg".encode("latin-1"))
    poster(media, listed)
    dvd(poster=f"posters/{NFC}")
    assert resembling(media) == {f"posters/{listed}"}


@pytest.mark.parametrize(
    ("link", "target", "name"),
    [
        ("posters/latest", "posters/2024", "posters/latest/alien.jpg"),
        ("posters/latest.jpg", "posters/2024/alien.jpg", "posters/latest.jpg"),
        ("posters/latest.jpg", "posters/2024/alien.jpg", "./posters//latest.jpg"),
        ("posters/2024/again", "posters/2024", "posters/2024/again/again/alien.jpg"),
        ("covers", "posters", "covers/2024/alien.jpg"),
        ("covers.jpg", "posters/2024/alien.jpg", "covers.jpg"),
    ],
)
def test_a_file_to_which_a_link_leads_is_in_use(media: Path, link: str, target: str, name: str) -> None:
    poster(media, "2024/alien.jpg")
    poster(media, "2024/aliens.jpg")
    (media / link).symlink_to(media / target)
    dvd(poster=name)
    assert (in_use(media), unused(media)) == ({"posters/2024/alien.jpg"}, {"posters/2024/aliens.jpg"})


def test_links_in_a_row_do_not_hide_each_other(media: Path) -> None:
    poster(media, "2024/alien.jpg")
    (media / "posters" / "one").symlink_to(media / "posters" / "two")
    (media / "posters" / "two").symlink_to(media / "posters" / "2024")
    dvd(poster="posters/one/alien.jpg")
    assert in_use(media) == {"posters/2024/alien.jpg"}


def test_another_name_of_a_used_file_is_free_to_go_since_the_file_stays(media: Path) -> None:
    file = poster(media, "alien.jpg")
    os.link(file, media / "posters" / "copy.jpg")
    dvd(poster="posters/alien.jpg")
    assert unused(media) == {"posters/copy.jpg"}


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../x.jpg", "posters", "posters/", ".", "//", "\n", "posters/gone.jpg"]
)
def test_a_row_whose_poster_is_nowhere_protects_nothing(media: Path, name: str) -> None:
    poster(media, "alien.jpg")
    dvd(poster=name)
    assert unused(media) == {"posters/alien.jpg"}


def test_a_name_may_hold_any_separator(media: Path) -> None:
    names = ["a\nb.jpg", 'a"b.jpg', "a,b.jpg", "a\x1fb.jpg", "a\\b.jpg", "a//b.jpg", "{a}.jpg"]
    for name in names:
        poster(media, name)
        dvd(poster=f"posters/{name}")
    assert unused(media) == set()
    assert len(in_use(media)) == len(names)


def test_uses_are_read_again_each_time(media: Path) -> None:
    poster(media, "alien.jpg")
    poster(media, "aliens.jpg")
    used = used_posters(media)
    files = ["posters/alien.jpg", "posters/aliens.jpg"]
    assert all(isinstance(item, PosterFile) for item in used.look_at(files))
    film = dvd(poster="posters//alien.jpg")
    assert isinstance(used.look_at(files)[0], str)
    assert isinstance(used.look_at(files)[1], PosterFile)
    DVD.objects.filter(pk=film.pk).update(poster="posters/Aliens.jpg")
    assert isinstance(used.look_at(files)[1], Resembling)


def test_rows_are_found_by_a_transaction_after_the_first_four_thousand_million() -> None:
    dvd(poster="posters/alien.jpg")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::numeric + 2 ^ 32::numeric)::bigint::text"
        )
        [after_wraparound] = cursor.fetchone() or [""]
    assert list(_names(since=after_wraparound)) == [["posters/alien.jpg"]]


def test_what_is_neither_used_nor_a_file_stays_as_it_was_found(media: Path) -> None:
    problem = Unreadable("posters/private", "permission_denied")
    assert used_posters(media).look_at([problem]) == [problem]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("", False),
        (" \t", False),
        ("posters/", False),
        ("./POSTERS/.", False),
        ("..\\posters", False),
        ("posters/gone.jpg", True),
        ("posters/posters", True),
    ],
)
def test_whether_any_dvd_names_a_poster(name: str, *, known: bool) -> None:
    dvd(poster=name)
    assert has_posters() is known


def test_hashes_find_what_was_added_and_nothing_else() -> None:
    hashes = Hashes()
    assert hashes.among(["a"]) == set()
    hashes.add(["a", "b", "a"])
    hashes.add(["b", "c"])
    assert hashes.among(["a", "c", "d"]) == {"a", "c"}


# ---- any spelling that the storage opens

names = st.sampled_from(["alien", "Alien", "é", "e\u0301", "a b", "a%20b", "a+b", "a\\b", "x.", " y"])
detours = st.sampled_from(["/", "//", "/./", "/none/../", "/loop/", "/../posters/", "/link/../"])


@st.composite
def spellings(draw: st.DrawFn) -> tuple[list[str], str]:
    """The names that lead to a file in the posters folder, and a path that may lead there, too."""
    path = [*draw(st.lists(names, max_size=2)), draw(names) + draw(st.sampled_from([".jpg", ".PNG"]))]
    spelt = draw(st.sampled_from(["posters", "./posters", "link", "{media}/posters", "//posters", "Posters"]))
    for name in path:
        spelt += draw(detours) + draw(
            st.sampled_from([name, name, normalize("NFC", name), normalize("NFD", name), name.upper()])
        )
    return path, spelt + draw(st.sampled_from(["", "", "/", "/."]))


@settings(max_examples=150, deadline=None)
@given(st.lists(spellings(), min_size=1, max_size=3))
def test_no_file_that_the_storage_opens_by_the_name_of_a_row_is_ever_free_to_go(
    files: list[tuple[list[str], str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, transaction.atomic():
        media, storage = Path(folder), FileSystemStorage(location=folder)
        (media / "link").symlink_to(media / "posters")
        for path, spelt in files:
            file = poster(media, "/".join(path))
            if not (file.parent / "loop").is_symlink():
                (file.parent / "loop").symlink_to(file.parent)
            DVD.objects.create(name="film", poster=spelt.format(media=media) if "{media}" in spelt else spelt)
        free = [media / path for path in unused(media)]
        for name in DVD.objects.values_list("poster", flat=True):
            try:
                opened = Path(storage.path(name))
            except SuspiciousFileOperation:
                continue
            assert not any(opened.exists() and opened.samefile(file) for file in free), name
        transaction.set_rollback(True)
