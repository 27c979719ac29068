import httpx2
import pytest

from backend.tracking.connectors.toggl import limits
from upkeep.remote.answers import Answer
from upkeep.remote.errors import RemoteRejectedError, RemoteUnavailableError
from upkeep.remote.retries import TransientError


def answer(status: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer("Toggl", status, httpx2.Headers(named), b'"You have hit your hourly limit"')


@pytest.mark.parametrize(("resets_in", "told"), [("2400", "in 40 minutes"), ("61", "in 2 minutes"), ("", "in 60 min")])
def test_a_quota_that_takes_long_says_when(resets_in: str, told: str) -> None:
    with pytest.raises(RemoteUnavailableError, match=told) as caught:
        limits.assess(answer(402, X_Toggl_Quota_Remaining="0", X_Toggl_Quota_Resets_In=resets_in))
    assert not isinstance(caught.value, TransientError)


def test_a_quota_that_is_back_in_a_moment_is_waited_for() -> None:
    with pytest.raises(TransientError) as caught:
        limits.assess(answer(402, X_Toggl_Quota_Remaining="0", X_Toggl_Quota_Resets_In="30"))
    assert 30 < caught.value.pause <= 60


@pytest.mark.parametrize("headers", [{}, {"X_Toggl_Quota_Remaining": "25"}])
def test_another_402_is_about_the_plan(headers: dict[str, str]) -> None:
    with pytest.raises(RemoteRejectedError, match="plan"):
        limits.assess(answer(402, **headers))


@pytest.mark.parametrize("status", [200, 401, 429])
def test_everything_else_is_as_usual(status: int) -> None:
    limits.assess(answer(status, X_Toggl_Quota_Remaining="0"))
