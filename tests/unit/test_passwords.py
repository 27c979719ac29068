"""Passwords in the URLs of servers, and apart from them."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st
from kombu.utils.url import parse_url
from redis import Redis

from backend.config import environment, passwords
from backend.config.environment import Environment

ROOT = Path(__file__).parents[2]
AWKWARD = ["pa/ss", "pa?ss", "pa#ss", "pa@ss", "100%", "a:b", "a+b c", "/?#@%:;&=$", "$ecret", "ü/@", "'\"\\"]
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


def redis_place(url: str) -> dict[str, object]:
    return dict(Redis.from_url(url).connection_pool.connection_kwargs)


def read(**values: str) -> Environment:
    return Environment(values)


@pytest.mark.parametrize("password", AWKWARD)
@pytest.mark.parametrize("write", [str, lambda password: quote(password, safe="")], ids=["raw", "quoted"])
def test_a_password_in_a_url_may_hold_any_character(password: str, write: object) -> None:
    login = f"upkeep:{write(password)}"  # type: ignore[operator]
    env = read(
        DATABASE_URL=f"postgresql://{login}@db:5432/main?sslmode=require",
        REDIS_URL=f"redis://{login}@redis:6379/3",
        CELERY_BROKER_URL=f"amqp://{login}@rabbit:5672/%2Fvhost",
    )
    database = env.database("DATABASE_URL", "DATABASE_PASSWORD")
    assert [database[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME", "OPTIONS")] == [
        *("upkeep", password, "db", 5432, "main", {"sslmode": "require"})
    ]
    wanted = {"username": "upkeep", "password": password, "host": "redis", "port": 6379, "db": 3}
    assert redis_place(env.server("REDIS_URL")).items() >= wanted.items()
    broker = parse_url(env.server("CELERY_BROKER_URL"))
    assert (broker["userid"], broker["password"], broker["hostname"]) == ("upkeep", password, "rabbit")
    assert broker["virtual_host"] == "/vhost"
    proxy = read(OUTBOUND_PROXY=f"http://{login}@proxy:3128").proxy("OUTBOUND_PROXY", "NO_PROXY")
    assert proxy
    assert httpx2.Proxy(proxy.url).auth == ("upkeep", password)


@given(password=TEXTS)
def test_a_password_apart_from_its_url_is_taken_as_it_is(password: str) -> None:
    url = passwords.quoted("redis://upkeep:old@redis:6379/0", password)
    assert redis_place(url)["password"] == password
    assert passwords.quoted(url, password) == url, "a process that is started by this one reads the URL once more"
    assert passwords.quoted(url) == url


def test_a_user_is_not_needed_beside_a_password() -> None:
    env = read(REDIS_URL="redis://redis:6379/0", REDIS_PASSWORD="a/b", DATABASE_PASSWORD="c")
    assert env.server("REDIS_URL", "REDIS_PASSWORD") == "redis://:a%2Fb@redis:6379/0"
    assert env.server("CELERY_BROKER_URL", "REDIS_PASSWORD") == ""
    assert env.database("DATABASE_URL", "DATABASE_PASSWORD") == {}


def test_each_of_several_brokers_keeps_its_password() -> None:
    assert passwords.quoted("amqp://a:1/2@one//;amqp://b:3@two//") == "amqp://a:1%2F2@one//;amqp://b:3@two//"


@pytest.mark.parametrize(
    "url",
    ["s3cret", "host:s3cret", "redis://host:s3cret", "redis://host:s3/cret", "redis://[::1:s3cret", "redis://h:6379s3"],
)
def test_what_is_not_a_url_is_named_without_any_of_it(url: str) -> None:
    env = read(DATABASE_URL=url, REDIS_URL=url)
    for ask in (
        lambda: env.database("DATABASE_URL", "DATABASE_PASSWORD"),
        lambda: env.server("REDIS_URL", "REDIS_PASSWORD"),
    ):
        with pytest.raises(ImproperlyConfigured, match=r"_URL must be scheme://user:password@host:port/name") as caught:
            ask()
        assert "s3" not in str(caught.value)
        assert "_PASSWORD takes a password as it is" in str(caught.value)


def test_a_value_that_begins_with_a_dollar_is_not_the_name_of_another() -> None:
    assert read(REDIS_PASSWORD="$HOME", HOME="/root").str("REDIS_PASSWORD") == "$HOME"


@pytest.mark.parametrize("key", ["short", "python -c 'import secrets; print(secrets.token_urlsafe(48))'"])
def test_a_secret_key_that_is_none_is_refused_unseen(key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY must be 50 random characters or more") as caught:
        read(SECRET_KEY=key).secret_key("SECRET_KEY")
    assert key not in str(caught.value)


@pytest.mark.parametrize("logins", ["admin", "admin:", ":s3cret", "admin:s3,cret"])
def test_a_login_for_flower_that_lacks_a_part_is_refused_unseen(logins: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="FLOWER_BASIC_AUTH must be name:password") as caught:
        read(FLOWER_BASIC_AUTH=logins).flower_logins("FLOWER_BASIC_AUTH")
    assert "s3" not in str(caught.value)
    assert read(FLOWER_BASIC_AUTH="a:b/?#@%:,c:d").flower_logins("FLOWER_BASIC_AUTH") == "a:b/?#@%:,c:d"


def test_programs_say_in_one_line_what_is_wrong_with_their_settings(tmp_path: Path) -> None:
    env = environment.ordinary(os.environ) | {"UPKEEP_HOME": str(tmp_path), "UPKEEP_ENV_FILE": ""}
    env["DATABASE_URL"] = "postgresql://upkeep:Replace-Me@db/upkeep"
    for words in ("manage.py check", "-m celery -A backend beat", "-m ops.stack", "-c import\tbackend.config.wsgi"):
        command = [sys.executable, *words.split(" ")]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode, words
        assert done.stdout + done.stderr == (
            "Upkeep cannot start: DATABASE_URL is still that of .env.example: put your own in place of REPLACE-ME\n"
        )
