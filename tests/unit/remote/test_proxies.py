import logging
from itertools import islice

import pytest

from tests.unit.remote.oracles import Oracle, client, questions, yes
from upkeep.remote.errors import RemoteResponseError
from upkeep.remote.proxies import Proxy


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_is_asked_directly(host: str) -> None:
    assert not Proxy("http://proxy:3128").is_for(host)


@pytest.mark.parametrize(
    ("entry", "host", "expected"),
    [
        ("example.com", "example.com", False),
        ("example.com", "GIT.Example.com.", False),
        (".example.com", "git.example.com", False),
        ("*.example.com", "git.example.com", False),
        ("example.com", "badexample.com", True),
        ("10.0.0.0/8", "10.1.2.3", False),
        ("10.0.0.0/8", "11.1.2.3", True),
        ("10.1.2.3", "10.1.2.3", False),
        ("2001:db8::/32", "2001:db8::1", False),
        ("*", "example.com", False),
        ("", "example.com", True),
    ],
)
def test_what_no_proxy_names_is_asked_directly(entry: str, host: str, *, expected: bool) -> None:
    assert Proxy("http://proxy:3128", (f" {entry} ",)).is_for(host) is expected


def test_the_password_of_a_proxy_is_not_shown() -> None:
    assert "s3cret" not in repr(Proxy("http://user:s3cret@proxy:3128"))


def test_a_service_that_always_has_another_page_is_read_up_to_a_number_of_them() -> None:
    with client(Oracle(yes()), max_replies=3) as oracle:
        replies = oracle.chain(questions(1)[0], lambda _reply: questions(1)[0])
        assert len(list(islice(replies, 3))) == 3
        with pytest.raises(RemoteResponseError, match="had another page after 3: what came is kept"):
            next(replies)


@pytest.mark.parametrize("part", ["connection", "http11", "http2", "proxy", "socks"])
def test_the_log_of_the_http_library_shows_no_headers(part: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger(f"httpcore2.{part}").debug("receive_response_headers.complete return_value=hidden")
    assert "hidden" not in caplog.text
