"""The download cache, and the operation that empties it."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import caches
from pytest_django import Settings

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
    caches["default"].set("key", "value")
    assert ran("clear_caches").counts == {"processed": 2, "deleted": 2}
    assert ran("clear_caches").counts == {"processed": 2, "unchanged": 2}
    assert entries(folder) == []


@COMMITTED
def test_one_cache_may_be_cleared_alone(folder: Path) -> None:
    for name in ("default", "downloads"):
        caches[name].set("key", "value")
    assert ran("clear_caches", "--cache", "default").counts == {"processed": 1, "deleted": 1}
    assert caches["default"].get("key") is None
    assert len(entries(folder)) == 1


@COMMITTED
def test_a_dry_run_clears_nothing(folder: Path) -> None:
    caches["downloads"].set("key", "value")
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
