"""Any embedding model of an Ollama server."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from backend.search import ollama
from backend.search.embedders.embedder import EmbedderError
from upkeep.remote.errors import RemoteError


class OllamaEmbedder:
    """See `Embedder`. Its name holds the digest of the weights and the length of the vectors, which may both change."""

    def __init__(self, model: str) -> None:
        """`model` as Ollama calls it; its tag may be left out."""
        self._model = ollama.full_name(model)

    @cached_property
    def name(self) -> str:
        """See `Embedder`."""
        try:
            known = ollama.digests()
        except RemoteError as error:
            raise EmbedderError(str(error)) from error
        if self._model not in known:
            raise EmbedderError(f"Ollama has no model {self._model!r}: run `update_ollama_models`, which pulls it")
        return f"ollama:{self._model}@{known[self._model][:12]}:{self.dimensions}"

    @cached_property
    def dimensions(self) -> int:
        """See `Embedder`."""
        return int(self._embedded(["dimensions"]).shape[1])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        found = self._embedded(texts)
        if found.shape[1] != self.dimensions:
            raise EmbedderError(
                f"Ollama's {self._model!r} has vectors of {found.shape[1]} numbers, not of {self.dimensions} any more: "
                "start again"
            )
        return found

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        try:
            found = np.asarray(ollama.vectors(self._model, texts), np.float32)
        except RemoteError as error:
            raise EmbedderError(str(error)) from error
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise EmbedderError(f"Ollama's {self._model!r} answered a vector without a direction: use another model")
        directions: NDArray[np.float32] = found / lengths
        return directions


def embedder() -> OllamaEmbedder:
    """The one of the settings, asked again by each run: its weights may be others by then."""
    return OllamaEmbedder(settings.OLLAMA_EMBEDDING_MODEL)
