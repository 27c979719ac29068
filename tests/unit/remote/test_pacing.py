import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from statistics import median
from time import monotonic

import anyio
import pytest

from upkeep.remote.pacing import SHARE, Pacer


def turns(pacer: Pacer, count: int, *, between: Callable[[int], Awaitable[None]] | None = None) -> list[float]:
    """Return when each turn came, with 10 tasks waiting for theirs."""
    times: list[float] = []

    async def take() -> None:
        while len(times) < count:
            await pacer.turn()
            times.append(monotonic())
            if between:
                await between(len(times))

    async def everybody() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(take)

    anyio.run(everybody)
    return times[:count]


@pytest.mark.parametrize("rate", [4, 20, 40, 100])
def test_no_window_of_a_second_holds_more_turns_than_allowed(rate: float) -> None:
    times = turns(Pacer(rate), int(rate * 1.6) + 2)
    most = max(sum(start <= moment <= start + 1 for moment in times) for start in times)
    assert most <= rate
    assert times[-1] - times[0] >= (len(times) - 2) / (rate * SHARE)


def test_the_rate_is_nearly_used_up() -> None:
    times = turns(Pacer(20), 30)
    gap = median(later - earlier for earlier, later in pairwise(times))
    assert 1 / gap == pytest.approx(20 * SHARE, rel=0.1)


def test_after_a_stall_nothing_is_caught_up() -> None:
    async def stall(number: int) -> None:
        if number == 10:
            time.sleep(0.3)  # noqa: ASYNC251 - the whole loop stands still

    times = turns(Pacer(100), 40, between=stall)
    later = times[10:]
    assert later[-1] - later[0] >= (len(later) - 3) / (100 * SHARE)


def test_without_a_rate_nobody_waits() -> None:
    times = turns(Pacer(None), 500)
    assert times[-1] - times[0] < 20


@pytest.mark.parametrize("rate", [None, 100.0])
def test_a_pause_holds_everybody_even_who_waits_already(rate: float | None) -> None:
    pacer = Pacer(rate)

    async def pause(number: int) -> None:
        if number == 5:
            await pacer.pause(0.3)

    times = turns(pacer, 15, between=pause)
    assert max(after - before for before, after in pairwise(times)) >= 0.29
    assert sum(moment < times[4] + 0.29 for moment in times) <= 6


def test_the_longer_of_two_pauses_holds() -> None:
    pacer = Pacer(None)

    async def paused_twice() -> float:
        await pacer.pause(0.2)
        await pacer.pause(0.01)
        start = monotonic()
        await pacer.turn()
        return monotonic() - start

    assert anyio.run(paused_twice) >= 0.19


def test_a_turn_that_was_given_up_is_not_lost_for_the_others() -> None:
    pacer = Pacer(1)

    async def impatient() -> float:
        await pacer.turn()
        with anyio.move_on_after(0.05) as scope:
            await pacer.turn()
        assert scope.cancelled_caught
        start = monotonic()
        await pacer.turn()
        return monotonic() - start

    assert anyio.run(impatient) < 1.9
