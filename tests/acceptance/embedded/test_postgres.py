import os
import shutil
import signal
import socket
import stat
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.embedded import program
from tests.acceptance.embedded.conftest import MakeHome
from tests.acceptance.embedded.program import exists, kill
from upkeep.embedded import postgres
from upkeep.embedded.errors import NotPermittedError
from upkeep.embedded.folders import for_sockets
from upkeep.embedded.polling import attempts

BUSY = "select count(*) from pg_stat_activity where state = 'active' and pid <> pg_backend_pid()"
IS_ROOT = os.geteuid() == 0


def query(home: Path, sql: str) -> object:
    with psycopg.connect(postgres.url(home), autocommit=True) as connection:
        row = connection.execute(sql.encode()).fetchone()
    return row and row[0]


def execute(home: Path, sql: str) -> None:
    with psycopg.connect(postgres.url(home), autocommit=True) as connection:
        connection.execute(sql.encode())


def server(home: Path) -> int:
    pid = postgres.running(home)
    assert pid is not None
    return pid


def readable_python(prefix: tuple[str, ...]) -> str:
    """A Python that can start itself after `prefix`, with the wheels: ours may be closed to ordinary users."""
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        with program.start(code, Path(), prefix=prefix, python=python, stderr=subprocess.DEVNULL) as probe:
            if probe.wait(timeout=60) == 0:
                return python
    pytest.skip("an ordinary user can read no Python here")


def permissions(folder: Path) -> list[int]:
    return [stat.S_IMODE(path.stat().st_mode) for path in folder.parents]


def test_the_first_need_starts_a_server_with_our_database_and_pgvector(home: Path) -> None:
    execute(home, "create extension vector")
    assert query(home, "select current_database()") == "upkeep"
    assert query(home, "select '[3,4]'::vector <-> '[0,0]'::vector") == 5


def test_the_database_speaks_unicode_and_utc_and_keeps_what_it_confirmed(home: Path) -> None:
    assert query(home, "select pg_encoding_to_char(encoding) from pg_database where datname = 'upkeep'") == "UTF8"
    assert query(home, "select lower('É') || current_setting('TimeZone') || current_setting('fsync')") == "éUTCon"
    assert query(home, "select current_setting('max_connections')") == "200"


def test_many_processes_at_once_start_one_server(home: Path) -> None:
    code = "postgres.ensure(home); print(postgres.running(home))"
    printed = {program.output(started) for started in [program.start(code, home) for _ in range(8)]}
    assert printed == {str(server(home))}


def test_nobody_is_sent_to_a_server_that_is_still_recovering(home: Path) -> None:
    execute(home, "create table work as select n, md5(n::text) from generate_series(1, 300000) n")
    address = postgres.ensure(home)
    kill(server(home))
    with program.start("postgres.ensure(home)", home), socket.socket(socket.AF_UNIX) as early:
        assert any(early.connect_ex(str(address.socket)) == 0 for _ in attempts(60))
        assert query(home, "select count(*) from work") == 300_000


def test_asking_again_costs_a_fraction_of_a_connection(home: Path) -> None:
    postgres.ensure(home)
    asking, connecting = [], []
    for _ in range(50):
        before = time.perf_counter()
        postgres.ensure(home)
        between = time.perf_counter()
        query(home, "select 1")
        asking.append(between - before)
        connecting.append(time.perf_counter() - between)
    assert statistics.median(asking) < statistics.median(connecting) / 2


def test_the_server_outlives_the_process_that_started_it_and_its_ctrl_c(home: Path) -> None:
    starter = program.start("postgres.ensure(home); print('up', flush=True); input()", home, stderr=subprocess.DEVNULL)
    with starter:
        assert starter.stdout
        assert starter.stdout.readline() == "up\n"
        before = server(home)
        os.killpg(starter.pid, signal.SIGINT)
    assert starter.returncode != 0
    assert query(home, "select 1") == 1
    assert server(home) == before


def test_a_killed_server_is_started_again_with_its_data(home: Path) -> None:
    execute(home, "create table kept as select 42 as answer")
    killed = server(home)
    kill(killed)
    assert query(home, "select answer from kept") == 42
    assert server(home) != killed


def test_a_killed_server_does_not_come_back_beside_its_busy_orphans(home: Path) -> None:
    with psycopg.connect(postgres.url(home)) as busy:
        busy.pgconn.send_query(b"select count(*) from generate_series(1, 1e12)")
        orphan = busy.info.backend_pid
        assert any(query(home, BUSY) == 1 for _ in attempts(60))
        kill(server(home))
        assert query(home, "select 1") == 1
        assert not exists(orphan)
        busy.close()


def test_a_server_whose_socket_was_cleaned_away_is_reachable_again(home: Path) -> None:
    postgres.ensure(home).socket.unlink()
    assert query(home, "select 1") == 1


def test_a_home_deleted_under_its_server_gets_a_new_server_and_the_old_one_ends(home: Path) -> None:
    postgres.ensure(home)
    old = server(home)
    shutil.rmtree(home)
    assert query(home, "select 1") == 1
    assert not exists(old)


def test_an_initdb_whose_process_was_killed_is_done_again(home: Path) -> None:
    with program.start("postgres.ensure(home)", home) as starter:
        assert any(list(home.glob("postgresql/cluster-*/data/base")) for _ in attempts(60))
        starter.kill()
    assert not (home / "postgresql/cluster").exists()
    assert query(home, "select current_database()") == "upkeep"
    assert not list(home.glob("postgresql/cluster-*"))


def test_a_start_whose_process_was_killed_is_taken_up(home: Path) -> None:
    postgres.ensure(home)
    postgres.stop(home)
    with program.start("postgres.ensure(home)", home) as starter:
        assert any(postgres.running(home) for _ in attempts(60))
        starter.kill()
    assert query(home, "select 1") == 1


def test_homes_have_servers_of_their_own(make_home: MakeHome) -> None:
    one, other = make_home("one"), make_home("other")
    execute(one, "create table here as select 1")
    assert query(other, "select to_regclass('here')") is None
    assert postgres.stop(one)
    assert query(other, "select 1") == 1
    assert postgres.running(one) is None


def test_stopping_again_does_nothing(home: Path) -> None:
    postgres.ensure(home)
    pid = server(home)
    assert postgres.stop(home)
    assert not exists(pid)
    assert not postgres.stop(home)


def test_stopping_and_looking_create_nothing(home: Path) -> None:
    assert not postgres.stop(home)
    assert postgres.running(home) is None
    assert not home.exists()


@pytest.mark.parametrize("name", ["/".join(["deep"] * 60), "odd, 'name' with \"quotes\" @ 100 %"])
def test_a_long_or_odd_home_has_its_socket_elsewhere_in_private(make_home: MakeHome, name: str) -> None:
    home = make_home(name)
    assert query(home, "select 1") == 1
    sockets = postgres.ensure(home).socket_folder
    assert len(os.fsencode(sockets)) < 80
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700


def test_a_socket_folder_that_others_can_enter_is_refused(make_home: MakeHome) -> None:
    home = make_home("/".join(["deep"] * 60))
    sockets = for_sockets(home / "postgresql")
    sockets.mkdir()
    sockets.chmod(0o755)
    with pytest.raises(NotPermittedError, match="mode 0700"):
        postgres.ensure(home)


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a folder away")
def test_a_socket_folder_of_somebody_else_is_refused(make_home: MakeHome) -> None:
    home = make_home("/".join(["deep"] * 60))
    sockets = for_sockets(home / "postgresql")
    sockets.mkdir(mode=0o700)
    os.chown(sockets, 65534, 65534)
    with pytest.raises(NotPermittedError, match="belongs to uid 0"):
        postgres.ensure(home)


def test_no_folder_is_opened_to_others(home: Path) -> None:
    before = permissions(home), permissions(postgres.binary("postgres"))
    postgres.ensure(home)
    assert (permissions(home), permissions(postgres.binary("postgres"))) == before
    open_to_others = [path for path in (home, *home.rglob("*")) if stat.S_IMODE(path.lstat().st_mode) & 0o077]
    assert not open_to_others


def test_a_home_that_was_there_keeps_its_mode(home: Path) -> None:
    home.mkdir()
    home.chmod(0o755)
    postgres.ensure(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o755


def test_a_file_that_names_a_foreign_process_is_not_believed(home: Path, bystander: int) -> None:
    address = postgres.ensure(home)
    postgres.stop(home)
    for name in ("server.pid", "cluster/data/postmaster.pid", f"{address.socket.name}.lock"):
        (home / "postgresql" / name).write_text(
            f"{bystander}\n{home}\n1\n{address.port}\n\n\n\nready\n", encoding="ascii"
        )
    assert postgres.running(home) is None
    assert not postgres.stop(home)
    assert query(home, "select 1") == 1
    assert postgres.stop(home)
    assert exists(bystander)


def test_a_file_that_names_a_foreign_process_gets_nobody_killed_while_the_server_runs(
    home: Path, bystander: int
) -> None:
    postgres.ensure(home)
    (home / "postgresql/server.pid").write_text(str(bystander), encoding="ascii")
    assert postgres.running(home) is None
    assert postgres.stop(home)
    assert exists(bystander)


def test_the_password_is_asked_for_and_shown_nowhere(home: Path) -> None:
    address = postgres.ensure(home)
    assert address.password not in repr(address)
    words = Path(f"/proc/{server(home)}/cmdline").read_bytes() + Path(f"/proc/{server(home)}/environ").read_bytes()
    assert address.password.encode() not in words
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host=str(address.socket_folder), port=address.port, user="upkeep", password="guessed")


def test_the_server_does_not_inherit_our_secrets(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMDB_API_KEY", "a-secret-of-ours")
    postgres.ensure(home)
    assert b"a-secret-of-ours" not in Path(f"/proc/{server(home)}/environ").read_bytes()


def test_the_server_listens_on_no_network(home: Path) -> None:
    assert query(home, "select current_setting('listen_addresses')") == ""


def test_an_ordinary_user_needs_no_user_namespace() -> None:
    if not IS_ROOT:
        pytest.skip("every other test shows it")
    prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    python = readable_python(prefix)
    home = Path(f"/tmp/upkeep-test-{os.getpid()}")  # noqa: S108 - tmp_path is closed to ordinary users
    home.mkdir(mode=0o700)
    os.chown(home, 65534, 65534)
    code = "print(postgres.ensure(home).user, redis.ensure(home).user, postgres.stop(home), redis.stop(home))"
    try:
        assert program.output(program.start(code, home, prefix=prefix, python=python)) == "upkeep upkeep True True"
    finally:
        shutil.rmtree(home)


@pytest.mark.skipif(not IS_ROOT, reason="an ordinary user needs no user namespace")
def test_root_without_user_namespaces_is_told_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotPermittedError, match="use an ordinary user or set DATABASE_URL"):
        postgres.ensure(home)
