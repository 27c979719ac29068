"""Whose files are believed."""

import grp
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from backend.config import environment
from backend.config.ownership import require_own
from backend.config.secrets import kept_secret

ROOT = Path(__file__).parents[2]
SOMEBODY, NOBODY, USERS = 4711, 65534, 100
"""A user without a name, an ordinary one, and a group of many."""

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that all users may enter, unlike `tmp_path`."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(params=["file", "folder"])
def path(place: Path, request: pytest.FixtureRequest) -> Path:
    path = place / "it"
    path.mkdir(0o700) if request.param == "folder" else path.touch(0o600)
    return path


@contextmanager
def user(uid: int) -> Iterator[None]:
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_is_ours_alone_to_write_is_believed_and_what_is_missing_is_left_to_its_reader(path: Path) -> None:
    for mode in (0o600, 0o644, 0o755):
        path.chmod(mode)
        require_own(path)
    require_own(path / "missing")
    require_own(Path(os.devnull))


def test_what_everybody_can_write_is_refused(path: Path) -> None:
    path.chmod(0o1777)
    with pytest.raises(ImproperlyConfigured, match=f"^{path} can be written by everybody: see .* `chmod o-w` it$"):
        require_own(path)


@only_root
def test_what_a_group_can_write_is_refused_unless_its_owner_is_alone_in_it(path: Path) -> None:
    path.chmod(0o770)
    require_own(path)  # root's own group
    os.chown(path, -1, USERS)
    with pytest.raises(
        ImproperlyConfigured, match=f"^{path} can be written by the group users: see .* `chmod g-w` it$"
    ):
        require_own(path)
    os.chown(path, SOMEBODY, SOMEBODY)
    with user(SOMEBODY), pytest.raises(ImproperlyConfigured, match=f"the group {SOMEBODY}:"):
        require_own(path)  # nobody can say who is in it


@only_root
@pytest.mark.parametrize("members", [["alice"], ["alice", "bob"]])
def test_a_group_is_private_by_its_members_not_by_its_name(
    path: Path, members: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = pwd.struct_passwd(("alice", "x", SOMEBODY, SOMEBODY, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: alice)
    monkeypatch.setattr(pwd, "getpwall", lambda: [alice])
    monkeypatch.setattr(grp, "getgrgid", lambda gid: grp.struct_group(("alice", "x", gid, members)))
    path.chmod(0o770)
    os.chown(path, SOMEBODY, SOMEBODY)
    refused = pytest.raises(ImproperlyConfigured, match="by the group alice") if "bob" in members else nullcontext()
    with user(SOMEBODY), refused:
        require_own(path)


@only_root
def test_what_belongs_to_another_is_refused_but_roots(path: Path) -> None:
    path.chmod(0o755)
    with user(NOBODY):
        require_own(path)
    os.chown(path, SOMEBODY, SOMEBODY)
    refusal = f"^{path} belongs to uid {SOMEBODY}, not to nobody: run this as uid {SOMEBODY}, or `chown -R nobody` "
    with user(NOBODY), pytest.raises(ImproperlyConfigured, match=refusal):
        require_own(path)


@only_root
def test_root_believes_the_owner_of_the_checkout_alone(place: Path, path: Path) -> None:
    os.chown(place, SOMEBODY, SOMEBODY)
    os.chown(path, SOMEBODY, SOMEBODY)
    require_own(path, checkout=place)
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(ImproperlyConfigured, match="belongs to nobody, not to root"):
        require_own(path, checkout=place)


def test_nothing_is_read_from_what_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (environment.FILE, "UPKEEP_HOME"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / ".upkeep"
    home.mkdir()
    for file in (tmp_path / ".env", tmp_path / "other.env", home / environment.DEMO, home / "fernet_key"):
        file.write_bytes(b"UPKEEP_PLANTED=1\n\xff")  # reading it is another error
        file.chmod(0o666)
    with pytest.raises(ImproperlyConfigured, match=r"/\.upkeep/demo\.env can be written by everybody"):
        environment.load(tmp_path)
    (home / environment.DEMO).unlink()
    with pytest.raises(ImproperlyConfigured, match=r"/\.env can be written by everybody"):
        environment.load(tmp_path)
    monkeypatch.setenv(environment.FILE, str(tmp_path / "other.env"))
    with pytest.raises(ImproperlyConfigured, match=r"/other\.env can be written by everybody"):
        environment.load(tmp_path)
    with pytest.raises(ImproperlyConfigured, match=r"/fernet_key can be written by everybody"):
        kept_secret(home / "fernet_key", str)
    assert "UPKEEP_PLANTED" not in os.environ


@pytest.mark.parametrize("words", ["manage.py check", "-m celery -A backend worker", "-m ops.stack"])
def test_programs_refuse_a_home_that_others_can_write_in_one_line(tmp_path: Path, words: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)
    env = environment.ordinary(os.environ) | {"UPKEEP_HOME": str(home), environment.FILE: ""}
    command = [sys.executable, *words.split()]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode
    line = f"Upkeep cannot start: {home} can be written by everybody: see what is in it, and `chmod o-w` it\n"
    assert done.stdout + done.stderr == line
    assert [*home.iterdir()] == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("manage.py migrate", "The database cannot be used: the embedded PostgreSQL: {home}/postgresql/lock"),
        ("-m celery -A backend worker", "The embedded Redis cannot be used: {home}/redis/lock"),
        ("-m celery -A backend beat --pidfile=", "The embedded Redis cannot be used: {home}/redis/lock"),
        ("-m celery -A backend flower --port=0", "The embedded Redis cannot be used: {home}/redis/lock"),
        ("-m ops.stack", "The stack cannot run: {home}/stack.pid"),
    ],
)
def test_programs_end_with_one_line_when_a_file_of_the_home_cannot_be_used(
    tmp_path: Path, words: str, reason: str
) -> None:
    """A folder in the file's place: the rights of files do not bind root, who may run the tests."""
    for file in ("postgresql/lock", "redis/lock", "stack.pid"):
        (tmp_path / file).mkdir(mode=0o700, parents=True)
        (tmp_path / file).parent.chmod(0o700)
    env = environment.ordinary(os.environ) | {"UPKEEP_HOME": str(tmp_path), environment.FILE: ""}
    command = [sys.executable, *words.split()]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(reason.format(home=tmp_path))
    assert "Traceback" not in done.stderr
