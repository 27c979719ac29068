import shutil
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.retry import Retry

from tests.integration.embedded import program
from tests.integration.embedded.conftest import MakeHome
from tests.integration.embedded.program import exists, kill
from upkeep.embedded import redis
from upkeep.embedded.errors import NotPermittedError


def put(home: Path, key: str, text: str) -> None:
    with Redis.from_url(redis.ensure(home).url) as client:
        client.set(key, text)


def value(home: Path, key: str) -> object:
    with Redis.from_url(redis.ensure(home).url) as client:
        return client.get(key)


def server(home: Path) -> int:
    pid = redis.running(home)
    assert pid is not None
    return pid


@contextmanager
def impostor(port: int) -> Iterator[list[bytes]]:
    """A program on `port` that says what our server would say; what it was told."""
    told: list[bytes] = []

    def answer() -> None:
        with listener.accept()[0] as client:
            told.append(client.recv(1024))
            client.sendall(b"+OK\r\n+PONG\r\n")

    with socket.create_server(("127.0.0.1", port)) as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        yield told
        with socket.create_connection(("127.0.0.1", port)) as last:
            last.sendall(b"end")
            thread.join(timeout=60)


def test_the_first_need_starts_a_server_that_keeps_values(home: Path) -> None:
    put(home, "film", "Alien")
    assert value(home, "film") == b"Alien"


def test_many_processes_at_once_start_one_server(home: Path) -> None:
    code = "redis.ensure(home); print(redis.running(home))"
    printed = {program.output(started) for started in [program.start(code, home) for _ in range(8)]}
    assert printed == {str(server(home))}


def test_asking_again_is_answered_within_a_millisecond(home: Path) -> None:
    redis.ensure(home)
    seconds = []
    for _ in range(200):
        before = time.perf_counter()
        redis.ensure(home)
        seconds.append(time.perf_counter() - before)
    assert statistics.median(seconds) < 0.001


def test_a_killed_server_is_started_again_with_its_data_on_its_port(home: Path) -> None:
    put(home, "film", "Alien")
    before, killed = redis.ensure(home), server(home)
    kill(killed)
    assert value(home, "film") == b"Alien"
    assert redis.ensure(home) == before
    assert server(home) != killed


def test_a_stopped_server_keeps_its_data(home: Path) -> None:
    put(home, "film", "Alien")
    assert redis.stop(home)
    assert value(home, "film") == b"Alien"


def test_a_start_whose_process_was_killed_is_taken_up(home: Path) -> None:
    with program.start("redis.ensure(home)", home) as starter:
        while redis.running(home) is None:
            assert starter.poll() is None or redis.running(home)
        starter.kill()
    assert value(home, "film") is None


def test_a_port_that_was_taken_meanwhile_is_left_to_its_new_owner(home: Path) -> None:
    put(home, "film", "Alien")
    before = redis.ensure(home)
    redis.stop(home)
    with impostor(before.port) as told:
        after = redis.ensure(home)
        assert value(home, "film") == b"Alien"
    assert after.port != before.port
    assert after.password != before.password
    assert told == [b"end"]


def test_homes_have_servers_of_their_own(make_home: MakeHome) -> None:
    one, other = make_home("one"), make_home("other")
    put(one, "film", "Alien")
    assert value(other, "film") is None
    assert redis.stop(one)
    assert value(other, "film") is None
    assert redis.running(one) is None


def test_stopping_again_does_nothing(home: Path) -> None:
    redis.ensure(home)
    pid = server(home)
    assert redis.stop(home)
    assert not exists(pid)
    assert not redis.stop(home)


def test_stopping_and_looking_create_nothing(home: Path) -> None:
    assert not redis.stop(home)
    assert redis.running(home) is None
    assert not home.exists()


def test_a_home_deleted_under_its_server_gets_a_new_server_and_the_old_one_ends(home: Path) -> None:
    put(home, "film", "Alien")
    old = server(home)
    shutil.rmtree(home)
    assert value(home, "film") is None
    assert not exists(old)


def test_a_file_that_names_a_foreign_process_is_not_believed(home: Path, bystander: int) -> None:
    redis.ensure(home)
    redis.stop(home)
    (home / "redis/server.pid").write_text(str(bystander), encoding="ascii")
    assert redis.running(home) is None
    assert not redis.stop(home)
    assert value(home, "film") is None
    assert exists(bystander)


def test_a_folder_that_others_can_enter_is_refused(home: Path) -> None:
    (home / "redis").mkdir(parents=True)
    (home / "redis").chmod(0o750)
    with pytest.raises(NotPermittedError, match="mode 0700"):
        redis.ensure(home)


def test_the_password_is_asked_for_and_shown_nowhere(home: Path) -> None:
    address = redis.ensure(home)
    assert address.password not in repr(address)
    words = Path(f"/proc/{server(home)}/cmdline").read_bytes() + Path(f"/proc/{server(home)}/environ").read_bytes()
    assert address.password.encode() not in words
    with Redis(port=address.port, retry=Retry(NoBackoff(), 0)) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()


def test_the_server_listens_on_loopback_alone(home: Path) -> None:
    with Redis.from_url(redis.ensure(home).url, decode_responses=True) as client:
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
