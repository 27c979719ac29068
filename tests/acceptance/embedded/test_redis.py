import asyncio
import os
import shutil
import stat
import statistics
import time
from pathlib import Path

import pytest
from kombu import Connection
from redis import Redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.retry import Retry

from backend.config.flower import RedisSocket
from tests.acceptance.embedded import program
from tests.acceptance.embedded.conftest import MakeHome
from tests.acceptance.embedded.program import exists, kill
from tests.acceptance.processes import DANGEROUS, free_port
from upkeep.embedded import folders, redis, resp, wheels
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


def test_a_killed_server_is_started_again_with_its_data(home: Path) -> None:
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


def test_a_server_whose_socket_was_removed_is_started_again_with_its_data(home: Path) -> None:
    put(home, "film", "Alien")
    redis.ensure(home).socket.unlink()
    assert value(home, "film") == b"Alien"


def test_a_server_whose_password_was_lost_is_started_again_with_its_data(home: Path) -> None:
    put(home, "film", "Alien")
    before = redis.ensure(home)
    (home / "redis/password").unlink()
    assert value(home, "film") == b"Alien"
    assert redis.ensure(home).password != before.password


@pytest.mark.parametrize("name", ["/".join(["deep"] * 60), "ü b/100%?#"])
def test_a_home_whose_name_is_long_or_hard_to_quote_is_reached_by_all_clients(make_home: MakeHome, name: str) -> None:
    home = make_home(name)
    address = redis.ensure(home)
    assert len(os.fsencode(address.socket)) <= 103
    put(home, "film", "Alien")
    with Connection(address.broker_url) as connection:
        queue = connection.SimpleQueue("queue")
        queue.put({"film": 1})
        assert queue.get(timeout=60).payload == {"film": 1}
        queue.close()
    with Connection(address.broker_url) as connection:
        flower = RedisSocket(connection.as_uri(include_password=True))
    assert asyncio.run(flower.queues(["queue"])) == [{"name": "queue", "messages": 1}]


FORMER = """\
bind 127.0.0.1
port {}
requirepass secret
appendonly yes
save ""
daemonize no
maxmemory 77mb
"""
"""The configuration of a home made when Redis listened on a port; the last line is its operator's."""


@pytest.fixture
def former(home: Path) -> int:
    """The port in the configuration of `home`."""
    site, port = redis.Site(home), free_port()
    for folder in (site.folder, site.server.folder):
        folders.private(folder)
    (site.folder / "redis.conf").write_text(FORMER.format(port), encoding="ascii")
    return port


def test_a_home_made_by_redis_6_goes_on_with_its_data_and_configuration(home: Path, former: int) -> None:
    data = b"".join(resp._command(*words.split()) for words in ("SELECT 0", "SET film Alien"))
    (home / "redis/data/appendonly.aof").write_bytes(data)
    assert value(home, "film") == b"Alien"
    assert "maxmemory 77mb" in (home / "redis/redis.conf").read_text()
    with pytest.raises(RedisError), Redis(port=former, retry=Retry(NoBackoff(), 0)) as client:
        client.ping()


def test_a_server_that_listens_on_a_port_still_is_replaced(home: Path, former: int) -> None:
    redis.Site(home).server.launch([wheels.redis_program(), home / "redis/redis.conf"])
    with Redis(port=former, password="secret", retry=Retry(ConstantBackoff(0.05), 600)) as client:
        client.set("film", "Alien")
    before = server(home)
    assert value(home, "film") == b"Alien"
    assert server(home) != before
    assert not exists(before)


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


def test_there_is_one_user_who_cannot_administer_the_server_and_needs_a_password_shown_nowhere(home: Path) -> None:
    address = redis.ensure(home)
    assert address.password not in repr(address)
    words = Path(f"/proc/{server(home)}/cmdline").read_bytes() + Path(f"/proc/{server(home)}/environ").read_bytes()
    assert address.password.encode() not in words
    for login in ("", "upkeep:secret@"):
        with Redis.from_url(f"unix://{login}{address.socket}") as stranger, pytest.raises(AuthenticationError):
            stranger.ping()
    with Redis.from_url(address.url) as client:
        assert client.acl_whoami() == "upkeep"
        for command in DANGEROUS:
            with pytest.raises(ResponseError, match=r"has no permissions|command not allowed"):
                client.execute_command(*command.split())


def test_the_server_listens_on_a_socket_of_ours_alone(home: Path) -> None:
    address = redis.ensure(home)
    links = [str(opened.readlink()) for opened in Path(f"/proc/{server(home)}/fd").iterdir()]
    inodes = {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}
    assert not inodes & {line.split()[9] for name in ("tcp", "tcp6") for line in table(name)}
    assert str(address.socket) in {line.split()[-1] for line in table("unix") if line.split()[6] in inodes}
    for path in (home, *home.rglob("*")):
        assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0 or path == home, path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is not to run it")
def test_root_starts_a_server_that_is_not_root(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    redis.ensure(home)
    status = Path(f"/proc/{server(home)}/status").read_text(encoding="ascii")
    assert "\nCapEff:\t0000000000000000\n" in status
    assert Path(f"/proc/{server(home)}/ns/user").readlink() != Path("/proc/self/ns/user").readlink()
    redis.stop(home)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        NotPermittedError, match=r"^Redis does not run as root, .*: use an ordinary user or set REDIS_URL$"
    ):
        redis.ensure(home)


def table(name: str) -> list[str]:
    return Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:]
