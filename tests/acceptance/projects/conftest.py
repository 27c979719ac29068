from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from psycopg.sql import SQL, Identifier
from pytest_celery import RedisTestBroker

ADDRESS = ("host", "port", "user", "password")


@pytest.fixture
def database() -> Iterator[dict[str, Any]]:
    """An empty database of the tests' server, as an entry of DATABASES."""
    server = {name: connection.get_connection_params()[name] for name in ADDRESS}
    name = f"project_{uuid4().hex}"
    with psycopg.connect(**server, dbname="postgres", autocommit=True) as maintenance:
        maintenance.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        yield {
            "ENGINE": "django.db.backends.postgresql", "NAME": name, **{key.upper(): server[key] for key in ADDRESS}
        }  # fmt: skip
        maintenance.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def redis_url(redis: RedisTestBroker) -> str:
    """A broker that no worker listens to, but those of the projects."""
    return str(redis.config()["url"])
