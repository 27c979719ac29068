"""What docker compose runs, run by hand the same way: Redis by its script, and the programs on it."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, ResponseError

from tests import warm
from tests.acceptance.polling import until
from tests.acceptance.processes import DANGEROUS, ROOT, LocalProcess, free_port
from tests.acceptance.test_stack import environment, running
from upkeep.embedded import postgres, redis, wheels

PASSWORD = "a/b?c#d@e%f g$h'i\"j"


class RedisOfCompose(LocalProcess):
    """Redis as docker compose starts it, but for where its data are, and on a port of its own."""

    ready_prompt = "Ready to accept connections"

    def __init__(self, folder: Path) -> None:
        (folder / "bin").mkdir()
        (folder / "bin" / "redis-server").symlink_to(wheels.redis_program())
        self.port = free_port()
        env = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "TMPDIR": str(folder), "REDIS_PASSWORD": PASSWORD}
        command: list[str | Path] = ["sh", ROOT / "ops" / "docker" / "redis.sh", folder, str(self.port), redis.USERS]
        super().__init__("redis", command, env=env, folder=folder)


@pytest.fixture
def compose_redis(tmp_path: Path) -> Iterator[RedisOfCompose]:
    process = RedisOfCompose(tmp_path)
    with process.started():
        yield process


def test_redis_has_one_user_who_cannot_administer_it(compose_redis: RedisOfCompose, tmp_path: Path) -> None:
    with Redis(port=compose_redis.port) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    with Redis(port=compose_redis.port, username="upkeep", password=PASSWORD) as user:
        assert user.ping()
        for command in DANGEROUS:
            with pytest.raises(ResponseError, match=r"has no permissions|command not allowed"):
                user.execute_command(*command.split())
    assert b"a/b" not in Path(f"/proc/{compose_redis.pid}/cmdline").read_bytes()
    assert (tmp_path / "users.acl").stat().st_mode & 0o77 == 0


def test_the_stack_works_on_it_stops_whole_and_writes_to_its_home_alone(
    compose_redis: RedisOfCompose, tmp_path: Path
) -> None:
    home, user, temporary = (tmp_path / name for name in ("home", "user", "temporary"))
    for folder in (home, user, temporary):
        folder.mkdir()
    variables = environment(home) | {
        "REDIS_URL": f"redis://upkeep@127.0.0.1:{compose_redis.port}/0",
        "REDIS_PASSWORD": PASSWORD,
        "HOME": str(user),
        "TMPDIR": str(temporary),
    }
    before = tree(ROOT)
    with running(home, variables):
        words = ["manage.py", "load_sample_data", "--count", "3", "--wait"]
        done = warm.run(words, variables)
        assert (done.returncode, "3 processed: 3 created" in done.stdout) == (0, True), done.stderr
        assert postgres.running(home)
        logs = "".join(log.read_text() for log in (home / "log").iterdir())
        assert "upkeep:**@127.0.0.1" in logs
        assert not any(part in logs for part in (PASSWORD, PASSWORD[:5], quote(PASSWORD, safe="")[:8]))
    assert (postgres.running(home), redis.running(home)) == (None, None)
    until(lambda: not programs_of(home), why="something of the stack goes on")
    assert (tree(ROOT), [*user.iterdir()], [*temporary.iterdir()]) == (before, [], [])


def tree(folder: Path) -> set[str]:
    """All files in it, but for bytecode and what is hidden: the caches of tools, the packages, the homes."""
    found = set()
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        found |= {os.path.join(place, name) for name in files}  # noqa: PTH118 - strings are enough
    return found


def programs_of(home: Path) -> list[Path]:
    """The processes whose environment names this home."""
    mark = f"UPKEEP_HOME={home}\0".encode()
    return [process for process in Path("/proc").glob("[0-9]*") if mark in _environment_of(process)]


def _environment_of(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""
