"""A project that has nothing to do with this repository, and the library as it gets it: out of the wheel."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.processes import ROOT, BrokerProcess, LocalProcess
from tests.acceptance.shop.servers import BINARIES, PASSWORD, PostgresProcess

collect_ignore = ["project"]
PROJECT = Path(__file__).with_name("project")
SETTINGS = """
from shop import added_settings as added

INSTALLED_APPS += added.INSTALLED
AUTH_USER_MODEL = added.AUTH_USER_MODEL
DATABASES = added.DATABASES
CELERY_BROKER_URL = added.CELERY_BROKER_URL
CELERY_BEAT_SCHEDULER = added.CELERY_BEAT_SCHEDULER
CELERY_WORKER_SEND_TASK_EVENTS = True
UPKEEP = added.UPKEEP
"""


@dataclass
class Shop:
    """A checkout of the shop with its servers and processes."""

    folder: Path
    venv: Path
    env: dict[str, str]
    server: PostgresProcess
    processes: list[LocalProcess] = field(default_factory=list)

    def run(self, *command: str, seconds: float = 120) -> "subprocess.CompletedProcess[str]":
        """Run a program of the venv in the project's folder."""
        program, *words = command
        return subprocess.run(
            [self.venv / "bin" / program, *words],
            cwd=self.folder, env=self.env, capture_output=True, text=True, check=False, timeout=seconds,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def manage(self, *words: str) -> str:
        """Run `manage.py` and return its stdout. It must succeed."""
        done = self.run("python", "manage.py", *words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def python(self, code: str) -> str:
        """Run the code in the project, and return what it prints."""
        return self.manage("shell", "--verbosity=0", "--command", code)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Execute the statement in the project's database, and return its rows."""
        return self.server.rows(self.env["SHOP_DATABASE"], statement, *values)

    def celery(self, name: str, *words: str, prompt: str) -> LocalProcess:
        """Start one of Celery's programs for the shop, and wait until it is ready."""
        command: list[str | Path] = [self.venv / "bin" / "celery", "-A", "shop", *words]
        process = LocalProcess(name, command, env=self.env, folder=self.folder, cwd=self.folder)
        process.ready_prompt = prompt
        self.processes.append(process)
        process.start()
        process.ready()
        return process

    def worker(self, name: str = "worker") -> LocalProcess:
        """Start a worker."""
        options = ("--concurrency=1", "--loglevel=INFO", f"--hostname={name}@%h", "--without-mingle")
        return self.celery(name, "worker", *options, prompt=" ready.")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def venv(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it requires, in the versions that are locked here."""
    folder = tmp_path_factory.mktemp("venv")
    pins = re.findall(r"^(\S+==\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(pins))
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    wanted = [f"{wheel}[beat,redis]", "psycopg[binary]", "flower", "pytest", "pytest-django"]
    pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    if not (ROOT / ".venv" / "by-pip").exists():
        pip = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", folder / "bin" / "python"]
    subprocess.run([*pip, "--constraint", constraints, *wanted], check=True, cwd=folder)
    return folder


@pytest.fixture(scope="module", params=sorted(BINARIES))
def postgres(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresProcess]:
    """A PostgreSQL of each version."""
    if not BINARIES[request.param].is_dir():
        pytest.skip(f"PostgreSQL {request.param} is not installed here (Debian 12: postgresql-{request.param})")
    process = PostgresProcess(request.param, folder=tmp_path_factory.mktemp("postgres"))
    with process.started():
        yield process


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    """A Redis."""
    process = BrokerProcess(folder=tmp_path_factory.mktemp("broker"))
    with process.started():
        yield process


@pytest.fixture(scope="module")
def opened(
    venv: Path, postgres: PostgresProcess, broker: BrokerProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["OpenShop"]:
    """Opens shops on these servers, and closes them."""
    opening = OpenShop(venv, postgres, broker, tmp_path_factory)
    yield opening
    for shop in opening.shops:
        for process in shop.processes:
            process.teardown()


@dataclass
class OpenShop:
    """Makes a shop with a database of its own, as `startproject` and its developers make it."""

    venv: Path
    postgres: PostgresProcess
    broker: BrokerProcess
    folders: pytest.TempPathFactory
    shops: list[Shop] = field(default_factory=list)

    def __call__(self, name: str, *, prefix: str = "") -> Shop:
        folder = self.folders.mktemp(name)
        self.postgres.create(name)
        env = {
            name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTHON", "UPKEEP_"))
        }
        env |= {
            "SHOP_DATABASE": name,
            "SHOP_DATABASE_PORT": str(self.postgres.port),
            "SHOP_DATABASE_PASSWORD": PASSWORD,
            "SHOP_REDIS": self.broker.url,
            "SHOP_PREFIX": prefix,
        }
        shop = Shop(folder, self.venv, env, self.postgres)
        self.shops.append(shop)
        started = shop.run("django-admin", "startproject", "shop", ".")
        assert started.returncode == 0, started.stderr
        with (folder / "shop" / "settings.py").open("a") as settings:
            settings.write(SETTINGS)
        shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
        shop.manage("makemigrations", "members", "catalogue")
        shop.manage("migrate")
        return shop
