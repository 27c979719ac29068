import httpx2
import pytest

from backend.tracking.connectors.github.limits import assess
from upkeep.remote.answers import Answer
from upkeep.remote.retries import TransientError


def answer(status: int, body: bytes = b'{"message": "No"}', **headers: str) -> Answer:
    return Answer("GitHub", status, httpx2.Headers({name.replace("_", "-"): headers[name] for name in headers}), body)


@pytest.mark.parametrize(
    "limit",
    [
        answer(429),
        answer(429, b"Too many requests"),
        answer(429, x_ratelimit_remaining="17", x_ratelimit_reset="9999999999"),
        answer(403, b'{"message": "You have exceeded a secondary rate limit"}'),
    ],
)
def test_a_limit_that_says_nothing_of_its_end_takes_a_minute(limit: Answer) -> None:
    with pytest.raises(TransientError) as caught:
        assess(limit)
    assert caught.value.pause == 60


@pytest.mark.parametrize("other", [answer(403), answer(404), answer(500), answer(200), answer(503, retry_after="7")])
def test_what_is_no_limit_means_what_it_means_everywhere(other: Answer) -> None:
    assess(other)
