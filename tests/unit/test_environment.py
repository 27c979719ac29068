"""Where the settings' values come from."""

import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from backend.config import environment

HOSTILE = {
    "DATABASE_URL": "postgresql://owner:secret@db.example.com/production",
    "REDIS_URL": "redis://redis.example.com/0",
    "CELERY_BROKER_URL": "amqp://mq.example.com",
    "CELERY_BROKER_READ_URL": "amqp://mq.example.com",
    "PGSERVICE": "production",
    "PGHOSTADDR": "192.0.2.1",
    "MEDIA_ROOT": "/srv/media",
    "TMDB_API_KEY": "real",
}


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a process that has only these."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    return {}


def write(path: Path, **values: str) -> Path:
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return path


@pytest.mark.usefixtures("variables")
def test_the_environment_wins_over_the_file_that_adds_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://one")
    write(tmp_path / ".env", REDIS_URL="redis://two", TIME_ZONE="Europe/Vienna")
    env = environment.load(tmp_path)
    assert (env.str("REDIS_URL"), env.str("TIME_ZONE")) == ("redis://one", "Europe/Vienna")


@pytest.mark.usefixtures("variables")
@pytest.mark.parametrize("blank", ["", "  "])
def test_an_empty_value_counts_as_not_set_and_the_file_does_not_fill_it(
    blank: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / ".env", DATABASE_URL="postgresql://db.example.com/production", RUN_LEASE_SECONDS="7")
    for name in ("DATABASE_URL", "RUN_LEASE_SECONDS", "DEBUG", "ALLOWED_HOSTS", "UPKEEP_HOME"):
        monkeypatch.setenv(name, blank)
    env = environment.load(tmp_path)
    assert env.str("DATABASE_URL", default="the embedded one") == "the embedded one"
    assert env.float("RUN_LEASE_SECONDS", default=20.0) == 20
    assert env.bool("DEBUG", default=True) is True
    assert env.list("ALLOWED_HOSTS", default=["localhost"]) == ["localhost"]
    assert env.str("UPKEEP_HOME", default="/home") == "/home"


@pytest.mark.usefixtures("variables")
@pytest.mark.parametrize("named", ["", "none/such/file"])
def test_another_file_or_none_may_be_named(named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / ".env", REDIS_URL="redis://two")
    monkeypatch.setenv(environment.FILE, named)
    assert environment.load(tmp_path).str("REDIS_URL", default="the embedded one") == "the embedded one"

    other = write(tmp_path / "other.env", REDIS_URL="redis://three")
    monkeypatch.setenv(environment.FILE, str(other))
    assert environment.load(tmp_path).str("REDIS_URL") == "redis://three"


@pytest.mark.usefixtures("variables")
def test_in_the_home_of_a_demo_its_file_alone_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "with blanks" / "demo"
    home.mkdir(parents=True)
    write(tmp_path / ".env", **HOSTILE, YTS_API_URL="https://yts.example.com")
    write(home / environment.DEMO, TMDB_API_URL="http://127.0.0.1:1/3", UPKEEP_HOME="/elsewhere")
    for name, value in {**HOSTILE, "UPKEEP_HOME": str(home), "FLOWER_BASIC_AUTH": "admin:x"}.items():
        monkeypatch.setenv(name, value)

    env = environment.load(tmp_path)

    for name in [*HOSTILE, "YTS_API_URL"]:
        assert env.str(name, default="") == "", name
    assert env.str("TMDB_API_URL") == "http://127.0.0.1:1/3"
    assert env.str("UPKEEP_HOME") == str(home)
    assert not [name for name in os.environ if name.startswith(("CELERY_", "PG"))]
    assert "FLOWER_BASIC_AUTH" in os.environ, "Flower reads it itself: it would let everybody in"


@pytest.mark.usefixtures("variables")
@pytest.mark.parametrize("name", environment.OVERRIDES)
def test_a_variable_by_which_a_library_would_override_the_settings_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", HOSTILE["DATABASE_URL"])
    monkeypatch.setenv(name, "")
    environment.load(tmp_path)
    monkeypatch.delenv(name)
    write(tmp_path / ".env", **{name: "redis://u:s3cret@elsewhere"})
    with pytest.raises(ImproperlyConfigured, match=f"^{name} is set, .*: unset it") as refused:
        environment.load(tmp_path)
    assert "s3cret" not in str(refused.value)


@pytest.mark.usefixtures("variables")
def test_what_libpq_reads_leads_nobody_away_from_the_embedded_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("PGHOSTADDR", "PGSERVICE", "PGSSLMODE")
    for name in names:
        monkeypatch.setenv(name, "production")
    monkeypatch.setenv("PGAPPNAME", "the label of a run")
    environment.load(tmp_path)
    assert not [name for name in names if name in os.environ]
    assert os.environ["PGAPPNAME"] == "the label of a run", "by which the statements of a command are ended"
    for name in names[1:]:
        monkeypatch.setenv(name, "production")
    monkeypatch.setenv("DATABASE_URL", HOSTILE["DATABASE_URL"])
    environment.load(tmp_path)
    assert os.environ["PGSSLMODE"] == "production", (
        "with a server of one's own, libpq's variables say how it is reached"
    )


@pytest.mark.usefixtures("variables")
def test_the_default_home_may_be_that_of_a_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".upkeep").mkdir()
    write(tmp_path / ".upkeep" / environment.DEMO)
    monkeypatch.setenv("DATABASE_URL", HOSTILE["DATABASE_URL"])
    assert environment.load(tmp_path).str("DATABASE_URL", default="") == ""


def test_what_is_ordinary_says_nothing_about_a_deployment() -> None:
    usual = {"PATH": "/bin", "HOME": "/root", "TERM": "xterm", "COLUMNS": "80", "LANG": "C.UTF-8", "LC_ALL": "C"}
    others = {"DJANGO_SETTINGS_MODULE": "another.settings", "PYTHONPATH": "/elsewhere", "UPKEEP_HOME": "/srv"}
    assert (
        environment.ordinary({**usual, **HOSTILE, **others, "HTTPS_PROXY": "http://proxy", "SENTRY_DSN": "x"}) == usual
    )


@pytest.mark.usefixtures("variables")
def test_a_file_that_cannot_be_read_is_named_without_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "some.env"
    file.write_bytes(b"A=1\nTMDB_API_KEY=s3cret-\xff\n")
    holed = tmp_path / "holed.env"
    holed.write_bytes(b"A=1\nTMDB_API_KEY=s3cret-\0\n")
    for path, problem in (
        (file, "line 2 is not UTF-8 text: save it as UTF-8"),
        (holed, "line 2 holds a NUL character: remove it"),
        (tmp_path, "cannot be read: Is a dir"),
    ):
        monkeypatch.setenv("UPKEEP_ENV_FILE", str(path))
        with pytest.raises(ImproperlyConfigured, match=f"^{path}:? {problem}") as caught:
            environment.load(tmp_path)
        assert caught.value.__context__ is None
