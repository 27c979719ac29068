"""Web and Flower behind a real proxy that does TLS, with the configuration of nginx in docs/deployment.md."""

import os
import re
import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests import warm
from tests.acceptance.polling import until
from tests.acceptance.processes import ROOT, LocalProcess, free_port
from tests.acceptance.test_stack import environment, running
from upkeep.embedded import postgres, redis

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
[EXAMPLE] = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8"), re.DOTALL)
MAIN = """\
daemon off;
error_log stderr notice;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}
}}
"""


class Proxy(LocalProcess):
    """nginx on ports of its own, with a certificate for localhost."""

    ready_prompt = "start worker process "

    def __init__(self, folder: Path) -> None:
        self.http, self.https, self.flower_https, self.web, self.flower = (free_port() for _ in range(5))
        self.certificate = certificate_in(folder)
        names = {
            r"ssl_certificate \S+;": f"ssl_certificate {self.certificate};",
            r"ssl_certificate_key \S+;": f"ssl_certificate_key {folder / 'key.pem'};",
            r"server_name \S+;": "server_name localhost;",
            r"listen 80;": f"listen 127.0.0.1:{self.http};",
            r"127.0.0.1:8000": f"127.0.0.1:{self.web}",
            r"127.0.0.1:5555": f"127.0.0.1:{self.flower}",
        }
        servers = EXAMPLE
        for pattern, value in names.items():
            servers, found = re.subn(pattern, value, servers)
            assert found, pattern
        for port in (self.https, self.flower_https):
            servers = servers.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;", 1)
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, servers=servers))
        command: list[str | Path] = [str(NGINX), "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
        super().__init__("nginx", command, env=os.environ, folder=folder)


def certificate_in(folder: Path) -> Path:
    """A certificate for localhost that signs itself, and its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    unencrypted = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return folder / "certificate.pem"


@contextmanager
def stack_behind(proxy: Proxy, home: Path, **more: str) -> Iterator[dict[str, str]]:
    """The stack with its PUBLIC_URL; yields its environment."""
    variables = environment(home) | {
        "PUBLIC_URL": f"https://localhost:{proxy.https}",
        "SECURE_PROXY_SSL_HEADER": "X-Forwarded-Proto",
        "CLIENT_ADDRESS_HEADER": "X-Forwarded-For",
        "FLOWER_BASIC_AUTH": "operator:over-the-wall",
        "WEB_PORT": str(proxy.web),
        "FLOWER_PORT": str(proxy.flower),
        **more,
    }
    with running(home, variables):
        yield variables


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    process = Proxy(tmp_path)
    with process.started():
        yield process
    postgres.stop(tmp_path)
    redis.stop(tmp_path)


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: nginx-light)")
def test_logging_in_works_over_tls_alone(proxy: Proxy, tmp_path: Path) -> None:
    site = f"https://localhost:{proxy.https}"
    trusted = ssl.create_default_context(cafile=proxy.certificate)
    with (
        stack_behind(proxy, tmp_path, ALLOWED_HOSTS="localhost") as variables,
        httpx2.Client(verify=trusted) as browser,
    ):
        plain = browser.get(f"http://localhost:{proxy.http}/admin/")
        assert (plain.status_code, plain.headers["Location"]) == (301, f"{site}/admin/")
        assert httpx2.get(f"http://127.0.0.1:{proxy.web}/health/ready", headers={"Host": "elsewhere"}).text == "ok\n"

        page = browser.get(f"{site}/", follow_redirects=True)
        assert str(page.url) == f"{site}/admin/login/?next=/admin/"
        [token] = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page.text)
        password = (tmp_path / "admin_password").read_text()
        form = {"csrfmiddlewaretoken": token, "username": "admin", "password": password, "next": "/admin/"}
        origin = {"Origin": site, "Referer": str(page.url)}
        entered = browser.post(page.url, data=form, headers=origin)
        assert (entered.status_code, entered.headers["Location"]) == (302, "/admin/")
        for cookie in entered.headers.get_list("Set-Cookie"):
            assert "; Secure" in cookie
        assert "Log out" in browser.get(f"{site}/admin/").text
        assert entered.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert entered.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        stranger = {"Origin": "https://elsewhere.example.com", "Referer": "https://elsewhere.example.com/"}
        assert browser.post(f"{site}/admin/login/", data=form, headers=stranger).status_code == 403

        flower = f"https://localhost:{proxy.flower_https}"
        assert browser.get(f"{flower}/").status_code == 401
        workers = browser.get(f"{flower}/", auth=("operator", "over-the-wall"))
        assert workers.status_code == 200
        assert "sha256-" in workers.headers["Content-Security-Policy"]
        assert all("; Secure" in cookie for cookie in workers.headers.get_list("Set-Cookie"))

        check = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]
        until(lambda: warm.run(check, variables).returncode == 0, why="check --deploy complains")  # once workers answer
