import signal

import pytest

# A shell that starts the tests in the background lets them ignore Ctrl-C, which some of them send.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--broker", choices=["redis", "rabbitmq"], default="redis", help="of the acceptance tests")
