import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, settings

from tests import warm
from upkeep.embedded import postgres
from upkeep.testing.servers import process

TESTS = Path(__file__).parent

# A shell that starts the tests in the background lets them ignore Ctrl-C, which some of them send.
signal.signal(signal.SIGINT, signal.default_int_handler)


# How quick this machine is decides nothing.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("brief", settings.get_profile("tests"), max_examples=20)
settings.load_profile("tests")

# What is imported and collected stays to the end. To look through it for garbage takes a fifth of the tests' time.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(50_000)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _stand_ins_are_forked() -> Iterator[None]:
    """Hundreds of them begin here, each of which would take longer to start than its test."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(process, "Popen", warm.Popen)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--broker", choices=["redis", "rabbitmq"], default="redis", help="of the acceptance tests")
    parser.addoption(
        "--pooler", action="store_true", help="the acceptance tests' processes share PgBouncer's connections"
    )


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:  # noqa: ARG001 - pytest-django's, and more
    """What a test commits outlives every process, but not a power failure: tables are emptied three times as fast."""
    with psycopg.connect(postgres.url(django_settings.UPKEEP_HOME), autocommit=True) as server:
        # Nor is there anything to tidy up: what a test leaves is truncated.
        for name in ("fsync", "full_page_writes", "autovacuum"):
            server.execute(f"ALTER SYSTEM SET {name} = off")
        server.execute("SELECT pg_reload_conf()")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where processes share the tests, those about the same worker stay together, and the others go file by file."""
    for item in items:
        path = item.path.relative_to(TESTS)
        about_the_worker = "celery_setup" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group(str(path.parent if about_the_worker else path)))
