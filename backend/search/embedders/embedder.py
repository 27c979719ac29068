"""What an embedder promises, whichever it is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # numpy is loaded by what embeds, and by nothing else
    import numpy as np
    from numpy.typing import NDArray


class EmbedderError(Exception):
    """There are no vectors now; the message says why, and what to do."""


class Embedder(Protocol):
    """Turns texts into vectors that are near each other when the texts mean the same."""

    @property
    def name(self) -> str:
        """Of the model and its version. Only vectors of the same name are compared. Raises EmbedderError."""

    @property
    def dimensions(self) -> int:
        """Numbers in a vector. Raises EmbedderError."""

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """One vector for each text, in their order: an array of shape `(len(texts), dimensions)`.

        Each has the length 1, so the scalar product of two is their cosine. What a model has no tokens left for is cut
        off.

        Args:
            texts: as `kernel.text.cleaned` gives them; none is empty.

        Raises:
            EmbedderError: the embedder cannot be used, or gave something else.
        """
