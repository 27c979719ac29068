import os
from unicodedata import normalize
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.collection.kernel.poster_names import CANONICAL, resemblance, resemblances

AMELIE = "posters/Am\u00e9lie.jpg"
component = st.text(st.sampled_from("aZ9 _-.+%&;é\u0301İßﬁ/\\\u200b\udce9#?"), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("path", "other"),
    [
        (AMELIE, "posters/Ame\u0301lie.jpg"),
        (AMELIE, "posters/AMÉLIE.JPG"),
        (AMELIE, "Posters/amélie.jpg"),
        (AMELIE, "posters/Am%C3%A9lie.jpg"),
        (AMELIE, "posters/Am%25C3%25A9lie.jpg"),
        (AMELIE, "posters/Am%E9lie.jpg"),
        (AMELIE, "posters/Am&eacute;lie.jpg"),
        (AMELIE, "posters\\Amélie.jpg"),
        (AMELIE, "posters%2FAmélie.jpg"),
        (AMELIE, os.fsdecode(b"posters/Am\xe9lie.jpg")),
        (AMELIE, "posters/Am\u200bélie.jpg"),
        (AMELIE, "\ufeffposters/Amélie.jpg"),
        (AMELIE, " posters/Amélie.jpg\n"),
        (AMELIE, "posters/Amélie.jpg."),
        (AMELIE, "./posters//2023/../Amélie.jpg/"),
        ("posters/1979/alien.jpg", "posters/1979:alien.jpg"),
        ("posters/AC:DC.jpg", "posters/AC/DC.jpg"),
        ("posters/My Film.jpg", "posters/my+film.jpg"),
        ("posters/My Film.jpg", "posters/my%20film.jpg"),
        ("posters/My Film.jpg", "posters/My_Film.jpg"),
        ("posters/My Film.jpg", "posters/My\u00a0Film.jpg"),
        ("posters/Straße.jpg", "posters/STRASSE.jpg"),
        ("posters/ﬁlm.jpg", "posters/film.jpg"),
        ("posters/\uff26\uff49\uff4c\uff4d.jpg", "posters/film.jpg"),
        ("posters/Tom & Jerry.jpg", "posters/tom &amp; jerry.jpg"),
    ],
)
def test_spellings_of_one_path_resemble_each_other(path: str, other: str) -> None:
    assert resemblance(path) == resemblance(other)
    assert resemblance(path) in resemblances(other)


@pytest.mark.parametrize(
    "other",
    [
        "posters/alien2.jpg",
        "posters/alien.jpeg",
        "posters/alien-1.jpg",
        "posters/alien_Ab12Cd3.jpg",
        "posters/1979/alien.jpg",
        "posters/alién.jpg",
        "posters/aliens/.jpg",
        "posters/al.ien.jpg",
    ],
)
def test_paths_of_other_files_do_not(other: str) -> None:
    assert resemblance("posters/alien.jpg") != resemblance(other)
    assert resemblance("posters/alien.jpg") not in resemblances(other)


@pytest.mark.parametrize(
    "name",
    [
        "/posters/My_Film_1979.jpg",
        "/media/posters/My_Film_1979.jpg",
        "media/posters/My_Film_1979.jpg",
        "https://example.com/media/posters/My_Film_1979.jpg?v=3#top",
        "posters/My_Film_1979.jpg?v=3",
        "C:\\media\\posters\\My_Film_1979.jpg",
        "/srv/posters/media/posters/My_Film_1979.jpg",
        "../media/posters/My_Film_1979.jpg",
        "My_Film_1979.jpg",
        "/My_Film_1979.jpg",
        "posters/My Film (1979).jpg",
        "posters/My%20Film%20(1979).jpg",
        "https://example.com/media/posters/My%20Film%20%281979%29.jpg",
    ],
)
def test_a_row_may_mean_a_poster_that_the_storage_does_not_open_by_its_name(name: str) -> None:
    assert resemblance("posters/My_Film_1979.jpg") in resemblances(name)


@given(st.text(st.sampled_from("aZ9_-./é"), max_size=12))
@example("posters/a.jpg")
def test_the_quick_way_for_plain_names_is_the_same_as_the_long_one(path: str) -> None:
    assert resemblance(path) == resemblance(f"./{path}")


@given(st.text(max_size=20))
def test_whatever_a_name_holds_its_forms_in_unicode_resemble_each_other(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert resemblance(normalize(form, text)) == resemblance(text)


@given(st.lists(component, min_size=1, max_size=3).map("/".join))
def test_an_encoded_name_resembles_what_it_encodes(path: str) -> None:
    assert resemblance(quote(path.encode("utf-8", "surrogateescape"))) == resemblance(path)


@given(st.lists(component, min_size=1, max_size=3).map(lambda names: "posters/" + "/".join(names)))
def test_a_path_is_among_what_a_row_of_this_name_may_mean_if_it_is_in_the_folder(path: str) -> None:
    resembling = resemblance(path)
    if resembling.startswith("posters/"):
        assert resembling in resemblances(path)


@given(st.lists(st.text(st.sampled_from("ab./"), max_size=4), max_size=4).map("/".join))
def test_a_canonical_path_is_one_that_no_normalisation_changes(rest: str) -> None:
    path = f"posters/{rest}"
    assert bool(CANONICAL.match(path)) is (os.path.normpath(path) == path)
