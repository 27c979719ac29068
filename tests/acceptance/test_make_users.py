"""A file of users that is sent to a worker, and where its passwords do not go."""

import base64
import json
import re
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.test import RequestFactory
from pytest_celery import CeleryTestSetup

from tests.acceptance.runs import ended
from upkeep.operations.models import Run, RunChange, RunFile, RunLog

PASSWORD = "correct-horse-battery-42"
FILE = f"username,email,password\nann,ann@example.com,{PASSWORD}\nbob,nonsense,{PASSWORD}\ncy,,{PASSWORD},more\n"


def decoded(text: str) -> str:
    """What is in base64 anywhere in it."""
    encoded = re.findall(r"(?:[A-Za-z0-9+/]{4}){6,}(?:[A-Za-z0-9+/]{2,3}={1,2})?", text)
    return "".join(base64.b64decode(found).decode("utf-8", "replace") for found in encoded)


def test_passwords_reach_the_worker_encrypted_and_stay_nowhere(
    setup: CeleryTestSetup, held: CeleryTestSetup, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "users.csv"
    file.write_text(FILE, encoding="utf-8")
    call_command("make_users", str(file), "--enqueue")
    run_id = capsys.readouterr().out.strip()
    in_broker = setup.broker.container.contents()
    in_broker += decoded(in_broker)
    assert run_id in in_broker
    assert "users.csv" in in_broker  # so the params were looked at, which are in base64 on Redis
    stored = bytes(RunFile.objects.get(run_id=run_id).content)
    held.app.control.add_consumer("default", reply=True)
    run = ended(run_id)
    assert (run.status, run.counts["created"], run.counts["failed"]) == ("succeeded", 1, 2)
    assert authenticate(RequestFactory().get("/"), username="ann", password=PASSWORD)
    assert not RunFile.objects.exists()
    rows = [list(model.objects.values()) for model in (Run, RunChange, RunLog)]
    everywhere = in_broker + stored.decode("latin-1") + json.dumps(rows, default=str) + setup.worker.logs()
    assert PASSWORD not in everywhere
    assert "battery" not in everywhere
