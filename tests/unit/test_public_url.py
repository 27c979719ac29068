"""What follows from PUBLIC_URL, and that each can be set by itself."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flower
import pytest
from django.core.exceptions import ImproperlyConfigured

from backend.config.flower import SCRIPTS, STYLES, policy
from backend.config.headers import CONTENT_SECURITY_POLICY

SETTINGS = Path(__file__).parents[2] / "backend" / "config" / "settings.py"
Read = Callable[..., dict[str, Any]]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads the settings anew, with these variables."""

    def settings(**variables: str) -> dict[str, Any]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(SETTINGS))

    return settings


def test_without_it_everything_is_for_this_machine(read: Read) -> None:
    settings = read()
    assert (settings["ALLOWED_HOSTS"], settings["CSRF_TRUSTED_ORIGINS"]) == (["localhost", "127.0.0.1"], [])
    assert not any(settings[name] for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"))
    assert settings["SECURE_HSTS_SECONDS"] == 0
    assert settings["SECURE_PROXY_SSL_HEADER"] is None


def test_with_https_everything_goes_over_tls_alone(read: Read) -> None:
    settings = read(PUBLIC_URL="https://Upkeep.example.com:8443/")
    assert settings["ALLOWED_HOSTS"] == ["upkeep.example.com", "localhost", "127.0.0.1"]
    assert settings["CSRF_TRUSTED_ORIGINS"] == ["https://upkeep.example.com:8443"]
    assert settings["SESSION_COOKIE_SECURE"]
    assert settings["CSRF_COOKIE_SECURE"]
    assert settings["SECURE_HSTS_SECONDS"] == 31_536_000
    assert (settings["SECURE_PROXY_SSL_HEADER"], settings["SECURE_SSL_REDIRECT"]) == (None, False), "nobody said it"


def test_a_proxy_is_believed_only_when_told_and_then_all_is_redirected(read: Read) -> None:
    settings = read(PUBLIC_URL="https://[::1]:8443", SECURE_PROXY_SSL_HEADER="X-Forwarded-Proto")
    assert settings["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    assert (settings["SECURE_SSL_REDIRECT"], settings["SECURE_SSL_HOST"]) == (True, "[::1]:8443")
    assert settings["ALLOWED_HOSTS"][0] == "[::1]"


def test_each_can_be_set_by_itself(read: Read) -> None:
    settings = read(
        PUBLIC_URL="http://upkeep.lan",
        ALLOWED_HOSTS="a,b",
        CSRF_TRUSTED_ORIGINS="https://c",
        SESSION_COOKIE_SECURE="true",
        CSRF_COOKIE_SECURE="true",
        SECURE_HSTS_SECONDS="60",
        SECURE_SSL_REDIRECT="true",
    )
    assert [settings[name] for name in ("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS")] == [["a", "b"], ["https://c"]]
    assert (
        settings["SESSION_COOKIE_SECURE"] is settings["CSRF_COOKIE_SECURE"] is settings["SECURE_SSL_REDIRECT"] is True
    )
    assert settings["SECURE_HSTS_SECONDS"] == 60
    assert not read(PUBLIC_URL="http://upkeep.lan", SESSION_COOKIE_SECURE="")["SESSION_COOKIE_SECURE"]


@pytest.mark.parametrize(
    "url", ["upkeep.example.com", "https://a/b", "https://u:s3cret@a", "ftp://a", "https://a?b", "https://a b"]
)
def test_what_is_not_where_browsers_reach_it_is_refused(url: str, read: Read) -> None:
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_URL must be https://host or https://host:port") as caught:
        read(PUBLIC_URL=url)
    assert "s3cret" not in str(caught.value)


def test_what_stands_in_flowers_pages_is_allowed_and_nothing_else() -> None:
    templates = [path.read_text(encoding="utf-8") for path in Path(flower.__file__).parent.rglob("*.html")]
    assert len(templates) > 5
    scripts = {
        text for page in templates for text in re.findall(r"<script(?![^>]*src=)[^>]*>(.*?)</script>", page, re.DOTALL)
    }
    written = {re.sub(r"\s*\n\s*", "\n", text) for text in scripts}  # as Tornado writes them
    assert {text.replace("{{ autorefresh }}", value) for text in written for value in "01"} == set(SCRIPTS)
    assert {style for page in templates for style in re.findall(r'\sstyle="([^"]*)"', page)} == set(STYLES)
    assert policy().count("'sha256-") == len(SCRIPTS) + len(STYLES)
    for text in (policy(), CONTENT_SECURITY_POLICY):
        assert "unsafe-inline" not in text
        assert "unsafe-eval" not in text
        assert text.startswith("default-src 'none'; ")
