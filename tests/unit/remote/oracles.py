"""A service without a network, and clients for it."""

from collections.abc import Callable, Coroutine
from typing import Any

import httpx2

from upkeep.remote.answers import Outcome, Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.exchange import Request

SECRET = "s3cr3t-k3y"

Handler = (
    Callable[[httpx2.Request], httpx2.Response] | Callable[[httpx2.Request], Coroutine[None, None, httpx2.Response]]
)


def client(handler: Handler, **overrides: Any) -> RemoteClient:
    fields: dict[str, Any] = {"credentials": "the API key", "params": {"api_key": SECRET}} | overrides
    return RemoteClient("Oracle", "https://oracle.example/api", transport=httpx2.MockTransport(handler), **fields)


def questions(count: int) -> list[Request]:
    return [Request(f"/question/{number}") for number in range(count)]


def said(outcome: Outcome) -> Any:
    """Return the content of a reply, and any other outcome as it is."""
    return outcome.content if isinstance(outcome, Reply) else outcome


class Oracle:
    """Answers every request alike, and counts them."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers = answers
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Give the next answer; the last one again and again."""
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)


def yes() -> httpx2.Response:
    return httpx2.Response(200, json={"answer": "yes"})
