import gc
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent

# A shell that starts the tests in the background lets them ignore Ctrl-C, which some of them send.
signal.signal(signal.SIGINT, signal.default_int_handler)


# How quick this machine is decides nothing.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

# What is imported and collected stays to the end. To look through it for garbage takes a fifth of the tests' time.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(50_000)
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--broker", choices=["redis", "rabbitmq"], default="redis", help="of the acceptance tests")
    parser.addoption(
        "--pooler", action="store_true", help="the acceptance tests' processes share PgBouncer's connections"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where processes share the tests, those about the same worker stay together, and the others go file by file."""
    for item in items:
        path = item.path.relative_to(TESTS)
        about_the_worker = "celery_setup" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group(str(path.parent if about_the_worker else path)))
