from collections.abc import Generator, Iterator
from threading import Event, current_thread, main_thread

import pytest

from upkeep.remote.prefetching import prefetched

WAIT = 10.0


def test_the_next_item_is_made_while_one_is_worked_on() -> None:
    made = [Event() for _ in range(3)]

    def items() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    seen = []
    for number in prefetched(items()):
        assert all(event.wait(WAIT) for event in made[: number + 2])
        assert number or not made[2].is_set()  # no more than one ahead
        seen.append(number)
    assert seen == [0, 1, 2]


def test_items_are_made_in_another_thread_and_may_be_none() -> None:
    threads = []

    def items() -> Iterator[None]:
        threads.append(current_thread())
        yield None

    assert list(prefetched(items())) == [None]
    assert threads != [main_thread()]


def test_an_error_comes_behind_what_was_made_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    coming = prefetched(items())
    assert next(coming) == 1
    with pytest.raises(ValueError, match="broken"):
        next(coming)


def test_whoever_stops_reading_waits_for_nothing() -> None:
    released = Event()

    def items() -> Iterator[int]:
        yield 1
        assert released.wait(WAIT)
        yield 2

    coming = prefetched(items())
    assert next(coming) == 1
    assert isinstance(coming, Generator)
    coming.close()
    assert not released.is_set()
    released.set()
