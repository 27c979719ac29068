import httpx2
import pytest

from upkeep.remote import address
from upkeep.remote.errors import RemoteRejectedError


@pytest.mark.parametrize("base_url", ["https://tmdb.example/3", " https://tmdb.example/3/ "])
def test_an_https_address_is_taken_with_or_without_a_slash_at_its_end(base_url: str) -> None:
    assert str(address.checked("TMDB", base_url, ())) == "https://tmdb.example/3"


@pytest.mark.parametrize("base_url", ["http://localhost:8080/3", "http://LOCALHOST/3", "http://[::1]:80/3"])
def test_http_is_taken_for_allowed_hosts(base_url: str) -> None:
    assert address.checked("TMDB", base_url, ["LocalHost", "::1"]).scheme == "http"


@pytest.mark.parametrize("base_url", ["http://tmdb.example/3", "http://localhost.evil.example/", "http://127.0.0.2"])
def test_http_is_refused_for_any_other_host(base_url: str) -> None:
    with pytest.raises(RemoteRejectedError, match=r"TMDB: http:// to \S+ is refused: use https://, or allow this host"):
        address.checked("TMDB", base_url, ["localhost", "127.0.0.1"])


@pytest.mark.parametrize(
    "base_url", ["", "tmdb.example", "ftp://tmdb.example", "https://", "/3", "https://[::1", "https://a:b"]
)
def test_what_is_no_address_is_refused(base_url: str) -> None:
    with pytest.raises(RemoteRejectedError, match="address of TMDB"):
        address.checked("TMDB", base_url, ["localhost"])


@pytest.mark.parametrize("rest", ["?api_key=hidden", "#hidden"])
def test_an_address_with_a_query_is_refused_without_repeating_it(rest: str) -> None:
    with pytest.raises(RemoteRejectedError) as caught:
        address.checked("TMDB", f"https://tmdb.example/3{rest}", ())
    assert "hidden" not in str(caught.value)


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(RemoteRejectedError) as caught:
        address.checked("TMDB", "https://me:hidden@tmdb.example/3", ())
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://TMDB.example/3", "tmdb.example:443"),
        ("https://tmdb.example:443/4", "tmdb.example:443"),
        ("http://localhost", "localhost:80"),
        ("http://127.0.0.1:8080/3", "127.0.0.1:8080"),
    ],
)
def test_a_server_is_the_same_whatever_is_asked_of_it(url: str, expected: str) -> None:
    assert address.host_and_port(httpx2.URL(url)) == expected
