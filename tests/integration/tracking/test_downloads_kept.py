"""The download cache, and the operation that empties it."""

import pickle
import random
import time
import zlib
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from pytest_django import Settings

from backend.tracking.services.download_cache import EXPIRY, DownloadCache
from tests.integration.collection.commands import ran
from tests.integration.tracking.connections import all_expected, by_id, read, tracker
from tests.integration.tracking.projects import COMMITTED
from tests.servers.trackers import github
from upkeep.testing.servers.process import Server

SYSTEM = tracker(github)


@pytest.fixture(scope="module")
def process() -> Iterator[Server]:
    with github.server(records=150) as server:
        yield server


@pytest.fixture
def server(process: Server) -> Server:
    process.fail({})
    return process


def downloaded(server: Server) -> tuple[int, int]:
    """Download everything, and return how many answers were full, and how many said that nothing changed."""
    before = server.stats().by_status
    assert by_id(read(SYSTEM, server, cache=caches["downloads"])) == all_expected(SYSTEM, 150)
    after = server.stats().by_status
    full, unchanged = (after.get(status, 0) - before.get(status, 0) for status in ("200", "304"))
    return full, unchanged


def entries(folder: Path) -> list[Path]:
    return sorted((folder / "downloads").glob("*.djcache"))


@pytest.mark.usefixtures("folder")
def test_a_second_download_brings_only_what_changed(server: Server) -> None:
    full, unchanged = downloaded(server)
    assert full > 3
    assert unchanged == 0
    assert downloaded(server) == (0, full)


def test_the_folder_is_private_and_its_files_are_small(server: Server, folder: Path) -> None:
    downloaded(server)
    assert {(path.stat().st_mode & 0o777) for path in (folder, folder / "downloads")} == {0o700}
    assert {(path.stat().st_mode & 0o077) for path in entries(folder)} == {0}
    assert max(path.stat().st_size for path in entries(folder)) < 20_000
    assert not [path for path in entries(folder) if github.TOKEN.encode() in path.read_bytes()]


def test_a_damaged_entry_is_downloaded_again(server: Server, folder: Path) -> None:
    full, _ = downloaded(server)
    first, second, third, *_ = entries(folder)
    first.write_bytes(b"")
    second.write_bytes(second.read_bytes()[:-20])
    third.write_bytes(b"\x80\x05K\x00.garbage")
    assert downloaded(server) == (3, full - 3)
    assert downloaded(server) == (0, full)


def test_no_damage_is_an_error(folder: Path) -> None:
    cache, dice = caches["downloads"], random.Random(7)  # noqa: S311 - the same damage each time
    cache.set("key", b"value" * 100)
    (entry,) = entries(folder)
    content = entry.read_bytes()
    for _ in range(2000):
        spoilt = bytearray(content)
        for _ in range(dice.randrange(1, 4)):
            spoilt[dice.randrange(0, min(60, len(spoilt)))] = dice.randrange(256)
        entry.write_bytes(spoilt)
        cache.get("key")


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_what_somebody_put_there_is_not_unpickled(folder: Path, tmp_path: Path) -> None:
    cache, mark = caches["downloads"], tmp_path / "mark"
    cache.set("key", b"value")
    (entry,) = entries(folder)
    trap = pickle.dumps(Trap(mark))
    for content in (
        trap,
        pickle.dumps(time.time() + 600) + zlib.compress(trap),
        EXPIRY.pack(inf) + zlib.compress(trap),
    ):
        for use in (cache.get, cache.touch, cache.has_key):
            entry.write_bytes(content)
            use("key")
    assert not mark.exists()
    pickle.loads(trap)  # noqa: S301 - it would have been noticed
    assert mark.exists()


def test_an_entry_is_kept_as_long_as_it_was_told(folder: Path) -> None:
    cache = caches["downloads"]
    cache.set("always", b"value", timeout=None)
    cache.set("past", b"value", timeout=-1)
    cache.set("still", b"value")
    assert [cache.get(key) for key in ("always", "past", "still")] == [b"value", None, b"value"]
    assert (cache.touch("still", timeout=-1), cache.get("still"), cache.touch("past")) == (True, None, False)
    assert len(entries(folder)) == 1


def test_no_cache_of_the_settings_pickles() -> None:
    assert {name: type(caches[name]) for name in settings.CACHES} == {"default": DummyCache, "downloads": DownloadCache}
    with pytest.raises(TypeError):
        caches["downloads"].set("key", {"any": "object"})


def test_a_folder_that_cannot_be_written_is_no_error(server: Server, folder: Path) -> None:
    caches["downloads"].clear()
    (folder / "downloads").rmdir()
    (folder / "downloads").write_text("in the way")
    full, unchanged = downloaded(server)
    assert full > 3
    assert unchanged == 0


@COMMITTED
def test_a_cleared_cache_is_filled_again(server: Server, folder: Path) -> None:
    full, _ = downloaded(server)
    size = sum(path.stat().st_size for path in entries(folder))
    ended = ran("clear_caches")
    assert (ended.exit_code, ended.counts) == (0, {"processed": 2, "deleted": 1, "unchanged": 1})
    assert ended.report == [f"Freed {size:,} bytes of {full} entries"]
    assert ended.outcome["result"] == {"entries": full, "bytes": size}
    assert ended.run.changes.get().fields == {"entries": [full, 0], "bytes": [size, 0]}
    assert entries(folder) == []
    assert downloaded(server) == (full, 0)


@COMMITTED
def test_clearing_again_changes_nothing(folder: Path) -> None:
    caches["downloads"].set("key", b"value")
    assert ran("clear_caches").counts == {"processed": 2, "deleted": 1, "unchanged": 1}
    assert ran("clear_caches").counts == {"processed": 2, "unchanged": 2}
    assert entries(folder) == []


@COMMITTED
def test_one_cache_may_be_cleared_alone(folder: Path) -> None:
    caches["downloads"].set("key", b"value")
    assert ran("clear_caches", "--cache", "default").counts == {"processed": 1, "unchanged": 1}
    assert len(entries(folder)) == 1
    assert ran("clear_caches", "--cache", "downloads").counts == {"processed": 1, "deleted": 1}
    assert entries(folder) == []


@COMMITTED
def test_a_dry_run_clears_nothing(folder: Path) -> None:
    caches["downloads"].set("key", b"value")
    ended = ran("clear_caches", "--dry-run")
    assert ended.counts == {"processed": 2, "deleted": 1, "unchanged": 1}
    assert ended.report[0].startswith("Would free ")
    assert len(entries(folder)) == 1


@COMMITTED
@pytest.mark.usefixtures("folder")
def test_an_unknown_cache_is_told_with_the_one_that_was_meant() -> None:
    ended = ran("clear_caches", "--cache", "download")
    assert (ended.exit_code, ended.error) == (1, "there is no cache 'download': did you mean 'downloads'?")


@COMMITTED
def test_a_cache_that_cannot_tell_what_is_in_it_is_cleared_all_the_same(settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    caches["default"].set("key", "value")
    ended = ran("clear_caches")
    assert ended.counts == {"processed": 1, "deleted": 1}
    assert caches["default"].get("key") is None
