"""Work on one item while the next one is made."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def prefetched(items: Iterable[T]) -> Iterator[T]:
    """The items, each made in a thread of its own while the caller works on the one before.

    Raises what making them raises, after everything that came before it. Whoever stops reading leaves the thread to
    end the item that it is at.
    """
    source, end = iter(items), object()
    thread = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
    try:
        coming = thread.submit(next, source, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, source, end)
            yield item  # type: ignore[misc]
    finally:
        thread.shutdown(wait=False, cancel_futures=True)
