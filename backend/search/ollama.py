"""Ollama's HTTP API, as far as searches need it: which models it has, vectors of texts, downloads of models.

https://docs.ollama.com/api. A model's digest changes with its weights, its name does not.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import httpx2
from django.conf import settings

from upkeep.remote import address, wire
from upkeep.remote.answers import Answer
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError, RemoteUnavailableError
from upkeep.remote.exchange import Request
from upkeep.remote.wire import Array, Text

SERVICE = "Ollama"
BATCH = 32
"""Texts a request: an answer of some hundred kilobytes."""
SHORTEST = 40
"""Characters; a text that short is never too long for a model."""
SILENCE = 90.0
"""Seconds without a line of a download after which it counts as broken. Ollama itself retries a part after 30."""


class Model(wire.Answer):
    """A model that Ollama has."""

    name: Text
    digest: Text = ""


class Models(wire.Answer):
    """The answer of `/api/tags`."""

    models: Array[Model] = []


class Vectors(wire.Answer):
    """The answer of `/api/embed`."""

    embeddings: Array[list[float]] = []


class Line(wire.Answer):
    """A line of `/api/pull`; what is zero is left out."""

    status: Text = ""
    digest: Text = ""
    total: int = 0
    completed: int = 0
    error: Text = ""


class TooLongError(RemoteRejectedError):
    """A text of the batch has more tokens than the model takes, although it was asked to cut it."""


def full_name(model: str) -> str:
    """As Ollama lists it: with a tag, in lower case."""
    name = model.strip().lower()
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def digests() -> dict[str, str]:
    """The digest of each model that Ollama has, by its full name. Raises RemoteError."""
    with _client(15.0) as client:
        reply = client.ask(Request("/tags"))
    content = reply.content if reply else None
    found = wire.read(Models, content, about=f"{SERVICE} about its models (is OLLAMA_URL its address?)").models
    return {full_name(model.name): model.digest for model in found}


def vectors(model: str, texts: Sequence[str]) -> list[list[float]]:
    """One vector a text, all equally long. Raises RemoteError."""
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    with _client(settings.OLLAMA_TIMEOUT) as client:
        found = [vector for batch in batches for vector in _embedded(client, model, batch)]
    if len({len(vector) for vector in found}) > 1:
        raise RemoteResponseError(f"{SERVICE} answered vectors of different lengths for {model}")
    return found


def _embedded(client: RemoteClient, model: str, texts: Sequence[str]) -> list[list[float]]:
    """Those of one request; of two or more when the model refuses a text as too long, which is then cut."""
    try:
        reply = client.ask(Request("/embed", json={"model": model, "input": list(texts), "truncate": True}))
    except TooLongError:
        if len(texts) > 1:
            half = len(texts) // 2
            return [*_embedded(client, model, texts[:half]), *_embedded(client, model, texts[half:])]
        if len(texts[0]) <= SHORTEST:
            raise
        return _embedded(client, model, [texts[0][: len(texts[0]) // 2]])
    if reply is None:
        raise RemoteRejectedError(f"{SERVICE} has no model {model!r}: run `update_ollama_models`")
    found = wire.read(Vectors, reply.content, about=f"{SERVICE} about {model}").embeddings
    if len(found) != len(texts) or not all(found):
        raise RemoteResponseError(f"{SERVICE} answered {len(found)} vectors for {len(texts)} texts")
    return found


class Layer:
    """A part of a model: so many megabytes, in pages of those that have come, as a step wants its items."""

    def __init__(self, digest: str, pull: "Pull") -> None:
        self.digest = digest
        self._pull = pull

    def __str__(self) -> str:
        """As Ollama calls it."""
        return self.digest.removeprefix("sha256:")[:12]

    def __len__(self) -> int:
        return _megabytes(self._pull.totals[self.digest])

    def __call__(self, _after: object) -> Iterator[tuple[range, None]]:
        """The pages; the download stops while nobody asks for the next one. Raises RemoteError."""
        done = 0
        while done < len(self):
            come = _megabytes(self._pull.completed.get(self.digest, 0))
            if come > done:
                yield range(done, come), None
                done = come
            elif not self._pull.advance():
                break


class Pull:
    """The download of a model, which Ollama does, and continues where it stopped when it is asked again."""

    def __init__(self, model: str, lines: Iterator[Line]) -> None:
        self._model = model
        self._lines = lines
        self._has_succeeded = False
        self.totals: dict[str, int] = {}
        self.completed: dict[str, int] = {}

    def layers(self) -> Iterator[Layer]:
        """Each as soon as it is known. Raises RemoteError unless Ollama says that it has the model."""
        seen: set[str] = set()
        while True:
            for digest in [digest for digest in self.totals if digest not in seen]:
                seen.add(digest)
                yield Layer(digest, self)
            if not self.advance():
                break
        if not self._has_succeeded:
            raise RemoteUnavailableError(
                f"{SERVICE} stopped in the middle of {self._model!r}: run `update_ollama_models` again, which continues"
            )

    def advance(self) -> bool:
        """Take a line; False when there is none. Raises RemoteError."""
        line = next(self._lines, None)
        if line is None:
            return False
        if line.error:
            raise RemoteRejectedError(f"{SERVICE} cannot pull {self._model!r}: {line.error}")
        if line.digest:
            self.totals[line.digest] = max(line.total, self.totals.get(line.digest, 0))
            self.completed[line.digest] = max(line.completed, self.completed.get(line.digest, 0))
        self._has_succeeded = line.status == "success"
        return True


@contextmanager
def pulling(model: str) -> Iterator[Pull]:
    """Let Ollama download the model until the end of the block. Raises RemoteError."""
    url, headers = _address()
    http = httpx2.Client(
        headers=headers,
        timeout=httpx2.Timeout(SILENCE, connect=15.0),
        trust_env=False,
        proxy=settings.REMOTE_PROXY.url if settings.REMOTE_PROXY and settings.REMOTE_PROXY.is_for(url.host) else None,
    )
    try:
        with http, http.stream("POST", f"{url}/pull", json={"model": model, "stream": True}) as response:
            if not response.is_success:
                raise RemoteRejectedError(f"{SERVICE} refused to pull {model!r} ({response.status_code})")
            yield Pull(model, _lines(response))
    except httpx2.TimeoutException as error:
        raise RemoteUnavailableError(
            f"{SERVICE} ({url.host}) said nothing for {SILENCE:g} s: try again later"
        ) from error
    except httpx2.ConnectError as error:
        raise RemoteUnavailableError(f"{SERVICE} ({url.host}) cannot be reached: check OLLAMA_URL") from error
    except httpx2.RequestError as error:
        raise RemoteUnavailableError(f"The connection to {SERVICE} broke: try again, and it continues") from error


def _lines(response: httpx2.Response) -> Iterator[Line]:
    for text in filter(str.strip, response.iter_lines()):
        try:
            yield wire.read(Line, json.loads(text), about=f"{SERVICE} about a download")
        except ValueError as error:  # a line that was cut is the last one
            raise RemoteUnavailableError(f"The connection to {SERVICE} broke: try again, and it continues") from error


def _megabytes(size: int) -> int:
    return -(-size // 1_000_000)


def _address() -> tuple[httpx2.URL, Mapping[str, str]]:
    """Where the API is, and the headers that let in who asks. Raises RemoteRejectedError."""
    try:
        url = httpx2.URL(settings.OLLAMA_URL.strip().rstrip("/").removesuffix("/api"))
        headers = {"Authorization": _basic(url.username, url.password)} if url.userinfo else {}
        plain = str(url.copy_with(username=None, password=None))
    except (httpx2.InvalidURL, TypeError, ValueError):
        raise RemoteRejectedError("OLLAMA_URL is not an address such as http://localhost:11434") from None
    return address.checked(SERVICE, f"{plain.rstrip('/')}/api", settings.REMOTE_HTTP_HOSTS), headers


def _basic(username: str, password: str) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def _client(timeout: float) -> RemoteClient:
    url, headers = _address()
    return RemoteClient(
        SERVICE,
        str(url),
        headers=headers,
        credentials="the user and password of OLLAMA_URL" if headers else "",
        timeout=timeout,
        concurrency=1,
        allow_http_hosts=settings.REMOTE_HTTP_HOSTS,
        proxy=settings.REMOTE_PROXY,
        assess=_assess,
    )


def _assess(answer: Answer) -> None:
    """See in a refusal that a text is too long."""
    if answer.status == httpx2.codes.BAD_REQUEST and b"context length" in answer.body:
        raise TooLongError(f"{SERVICE} takes no text that long, although it was asked to cut it")
