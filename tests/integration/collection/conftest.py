from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.servers import tmdb as tmdb_stand_in
from tests.servers.tmdb import tmdb_server
from tests.servers.yts import yts_server
from upkeep.testing.servers.process import Server


@pytest.fixture(scope="module")
def tmdb_process() -> Iterator[Server]:
    with tmdb_server() as server:
        yield server


@pytest.fixture
def tmdb(tmdb_process: Server, settings: Settings) -> Server:
    """A stand-in for TMDB without faults, and settings that lead to it."""
    tmdb_process.fail({})
    settings.TMDB_API_URL = tmdb_process.url
    settings.TMDB_API_KEY = tmdb_stand_in.KEY
    return tmdb_process


@pytest.fixture(scope="module")
def yts_process() -> Iterator[Server]:
    with yts_server() as server:
        yield server


@pytest.fixture
def yts(yts_process: Server, settings: Settings) -> Server:
    """A stand-in for a YTS-compatible API without faults, and settings that lead to it."""
    yts_process.fail({})
    settings.YTS_API_URL = yts_process.url
    return yts_process


@pytest.fixture
def media(tmp_path: Path, settings: Settings) -> Path:
    """The media folder of the settings."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path
