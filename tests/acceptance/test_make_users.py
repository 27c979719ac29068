"""A file of users that is sent to a worker, and where its passwords do not go."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from django.contrib.auth import authenticate
from django.core.management import call_command
from pytest_celery import CeleryTestSetup
from redis import Redis

from backend.operations.models import Run, RunChange, RunFile, RunLog
from tests.acceptance.polling import until
from tests.acceptance.runs import ended

PASSWORD = "correct-horse-battery-42"
FILE = f"username,email,password\nann,ann@example.com,{PASSWORD}\nbob,nonsense,{PASSWORD}\ncy,,{PASSWORD},more\n"


@pytest.fixture
def held(setup: CeleryTestSetup) -> Iterator[Celery]:
    """The app, while no worker takes messages of the default queue."""
    assert setup.app.control.cancel_consumer("default", reply=True)
    yield setup.app
    setup.app.control.add_consumer("default", reply=True)


def dumped(url: str) -> str:
    """Everything that Redis holds."""
    client = Redis.from_url(url)
    kinds = {b"list": lambda key: client.lrange(key, 0, -1), b"hash": client.hgetall, b"string": client.get}
    others = {b"set": client.smembers, b"zset": lambda key: client.zrange(key, 0, -1, withscores=True)}
    content = [(key, (kinds | others)[client.type(key)](key)) for key in client.scan_iter()]
    client.close()
    return repr(content)


def test_passwords_reach_the_worker_encrypted_and_stay_nowhere(
    setup: CeleryTestSetup, held: Celery, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "users.csv"
    file.write_text(FILE, encoding="utf-8")
    call_command("make_users", str(file), "--enqueue")
    run_id = capsys.readouterr().out.strip()
    in_broker = until(lambda: dumped(setup.broker.config()["host_url"]), 5)
    assert run_id in in_broker
    stored = bytes(RunFile.objects.get(run=run_id).content)
    held.control.add_consumer("default", reply=True)
    run = ended(run_id)
    assert (run.status, run.counts["created"], run.counts["failed"]) == ("succeeded", 1, 2)
    assert authenticate(username="ann", password=PASSWORD)
    assert not RunFile.objects.exists()
    rows = [list(model.objects.values()) for model in (Run, RunChange, RunLog)]
    everywhere = in_broker + stored.decode("latin-1") + json.dumps(rows, default=str) + setup.worker.logs()
    assert PASSWORD not in everywhere
    assert "battery" not in everywhere
