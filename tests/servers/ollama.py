"""A stand-in for Ollama: https://docs.ollama.com/api. Its vectors are real ones: the built-in embedder's."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from backend.search.embedders import builtin
from upkeep.testing.servers.catalogue import Received, Reply

NDJSON = {"Content-Type": "application/x-ndjson"}
CONTEXT = 2_000
"""Characters of a text that are too many for the model, and that it does not cut, as some versions do."""
LAYERS = (("970aa74c0a90", 274_290_656), ("c71d239df917", 11_357), ("31df23ea7daa", 420))
"""The parts of any model: the beginnings of their digests, and their bytes."""


class Catalogue:
    """Has some models; knows others, which can be pulled."""

    def __init__(self, models: Sequence[str] = (), known: Sequence[str] = ()) -> None:
        self.models = {model: digest(model) for model in models}
        self.known = set(known)
        self.dimensions = builtin.DIMENSIONS
        self.users: set[str] = set()
        """Values of the header that lets in; empty: everybody may enter."""
        self.partial: dict[str, int] = {}
        """Bytes of a model's first layer that an earlier download brought."""
        self.embedded: list[str] = []
        """All texts that came."""

    def key(self, request: Received) -> str:
        """A request's key is its path."""
        return request.path

    def reply(self, request: Received) -> Reply:
        """Answer as documented."""
        if self.users and request.headers.get("authorization") not in self.users:
            return Reply(401, b"")
        body = json.loads(request.body or "{}")
        match request.path:
            case "/api/tags":
                return Reply.of({"models": [listed(name, weights) for name, weights in self.models.items()]})
            case "/api/embed":
                return self._embed(body)
            case "/api/pull":
                return self._pull(body["model"])
        return Reply(404, b"404 page not found", {"Content-Type": "text/plain"})

    def error(self, status: int) -> Reply:
        """Return an error as Ollama words it."""
        return Reply.of({"error": "server busy, please try again.  maximum pending requests exceeded"}, status)

    def _embed(self, body: dict[str, Any]) -> Reply:
        if body["model"] not in self.models:
            return Reply.of({"error": f"model '{body['model']}' not found"}, 404)
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        self.embedded += texts
        if any(len(text) > CONTEXT for text in texts):
            return Reply.of({"error": "the input length exceeds the context length"}, 400)
        vectors = builtin.embedder().embed(texts)[:, : self.dimensions] if texts else np.empty((0, 1))
        return Reply.of({"model": body["model"], "embeddings": vectors.tolist(), "load_duration": 1_019_500})

    def _pull(self, model: str) -> Reply:
        lines = [{"status": "pulling manifest"}]
        if model in self.known:
            lines += [*self._downloaded(model), {"status": "verifying sha256 digest"}, {"status": "success"}]
            self.models[model] = digest(model)
        else:
            lines.append({"error": "pull model manifest: file does not exist"})
        return Reply(200, "".join(f"{json.dumps(line)}\n" for line in lines).encode(), NDJSON)

    def _downloaded(self, model: str) -> Iterator[dict[str, Any]]:
        for place, (name, total) in enumerate(LAYERS):
            layer = {"status": f"pulling {name}", "digest": f"sha256:{name}{'0' * 52}", "total": total}
            yield layer
            for tenth in range(11):
                if total * tenth // 10 >= (self.partial.get(model, 0) if place == 0 else 0):
                    yield {**layer, "completed": total * tenth // 10} if tenth else layer


def digest(model: str) -> str:
    """The digest of a model's weights, made of its name."""
    return model.encode().hex().ljust(64, "0")[:64]


def listed(name: str, weights: str) -> dict[str, Any]:
    """A model in the list of those that are installed."""
    return {
        "name": name,
        "model": name,
        "modified_at": "2026-03-01T10:15:30.123456789+01:00",
        "size": 274_302_450,
        "digest": weights,
        "details": {"parent_model": "", "format": "gguf", "family": "nomic-bert", "families": ["nomic-bert"]},
    }
