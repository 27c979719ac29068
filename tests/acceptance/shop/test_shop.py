"""The shop runs its operation at every door, and a command that it adopted; it loses a worker, and has tests."""

import json
import subprocess
import sys
from collections import Counter
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from tests.acceptance.polling import until
from tests.acceptance.processes import free_port
from tests.acceptance.shop.conftest import OpenShop, Shop

ARTICLES = 40
MAKE = f"""
DELETE FROM catalogue_article;
INSERT INTO catalogue_article (name, price, repriced)
SELECT 'Article ' || number, 10, 0 FROM generate_series(1, {ARTICLES}) number
"""  # noqa: S608 - our own number
FIRED = """
SELECT 1 FROM upkeep_operations_run
WHERE operation = 'sessions.clearsessions' AND status = 'succeeded' AND origin LIKE '%beat%'
"""
EACH_SECOND = """
from django_celery_beat.models import IntervalSchedule, PeriodicTask
second, _ = IntervalSchedule.objects.get_or_create(every=1, period="seconds")
PeriodicTask.objects.update(enabled=False)
PeriodicTask.objects.create(name="Often", task="sessions.clearsessions", interval=second)
"""


@pytest.fixture(scope="module")
def shop(opened: OpenShop) -> Shop:
    """The shop, open, without a worker."""
    return opened("shop")


@pytest.fixture(scope="module")
def staffed(shop: Shop) -> Shop:
    """The shop with a worker."""
    shop.worker()
    return shop


@pytest.fixture(autouse=True)
def articles(shop: Shop) -> None:
    shop.rows(MAKE)


def repriced(shop: Shop) -> Counter[int]:
    """How many articles were repriced how often."""
    return Counter(times for (times,) in shop.rows("SELECT repriced FROM catalogue_article"))


def run_of(shop: Shop, run: str) -> dict[str, object]:
    """What is recorded of the run."""
    shown: dict[str, object] = json.loads(shop.manage("show_run", run, "--json"))
    return shown


def ended(shop: Shop, run: str) -> dict[str, object]:
    """What is recorded of the run, once it has ended."""
    until(lambda: shop.rows("SELECT 1 FROM upkeep_operations_run WHERE id = %s AND finished_at IS NOT NULL", run))
    return run_of(shop, run)


def test_the_project_is_in_order_and_has_the_commands(shop: Shop) -> None:
    assert "no issues" in shop.manage("check")
    assert "No changes" in shop.manage("makemigrations", "--check", "--dry-run")
    assert "\n    reprice\n" in shop.manage("help") + "\n"
    assert "By how much prices rise." in shop.manage("reprice", "--help")
    assert "sessions.clearsessions" in shop.manage("run_task")


def test_mypy_sees_the_types_of_the_library(shop: Shop) -> None:
    (shop.folder / "wrong.py").write_text("from upkeep.operations import Change\nChange(action=1, key='', label='')\n")
    python = f"--python-executable={shop.venv / 'bin' / 'python'}"
    command = [sys.executable, "-m", "mypy", "--config-file=", "--ignore-missing-imports", python, "wrong.py"]
    done = subprocess.run(command, cwd=shop.folder, capture_output=True, text=True, check=False)
    assert 'Argument "action" to "Change" has incompatible type' in done.stdout


def test_it_runs_here(shop: Shop) -> None:
    outcome = json.loads(shop.manage("reprice", "--percent=10", "--json"))
    assert (outcome["status"], outcome["counts"]["updated"]) == ("succeeded", ARTICLES)
    assert repriced(shop) == {1: ARTICLES}
    assert "succeeded" in shop.manage("run_task", "clearsessions", "--sync")


def test_it_runs_on_a_worker(staffed: Shop) -> None:
    outcome = json.loads(staffed.manage("reprice", "--percent=10", "--wait", "--json"))
    assert (outcome["status"], repriced(staffed)) == ("succeeded", {1: ARTICLES})
    outcome = json.loads(staffed.manage("run_task", "clearsessions", "--wait", "--json"))
    assert outcome["status"] == "succeeded"


def test_beat_starts_it(staffed: Shop) -> None:
    entries = "from django_celery_beat.models import PeriodicTask; print(PeriodicTask.objects.values_list('name'))"
    assert "Reprice every minute" in staffed.python(entries)
    staffed.python(EACH_SECOND)
    beat = staffed.celery("beat", "beat", "--loglevel=INFO", "--max-interval=1", prompt="beat: Starting")
    until(lambda: staffed.rows(FIRED))
    chosen = ("runs", "--operation=sessions.clearsessions", "--status=succeeded", "--json")
    assert any("beat" in run["origin"] for run in json.loads(staffed.manage(*chosen)))
    beat.teardown()


def test_flower_starts_it(staffed: Shop) -> None:
    port = free_port()
    staffed.env["FLOWER_UNAUTHENTICATED_API"] = "true"
    options = (f"--port={port}", "--address=127.0.0.1")
    flower = staffed.celery("flower", "flower", *options, prompt="Visit me at")
    address = f"http://127.0.0.1:{port}/api/task/async-apply/catalogue.reprice"
    body = json.dumps({"kwargs": {"percent": 10}}).encode()
    request = Request(address, body, {"Content-Type": "application/json"}, method="POST")
    with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
        run = json.load(answer)["task-id"]
    assert ended(staffed, run)["status"] == "succeeded"
    assert repriced(staffed) == {1: ARTICLES}
    flower.teardown()


def test_a_killed_worker_s_run_goes_on_in_another_and_nothing_is_done_twice(staffed: Shop) -> None:
    run = staffed.manage("reprice", "--percent=10", "--seconds-each=0.3", "--enqueue")
    until(lambda: (counts := run_of(staffed, run)["counts"]) and 0 < counts["processed"] < ARTICLES, 30)  # type: ignore[index]
    staffed.processes[0].kill("SIGKILL")
    staffed.worker("another")
    done = ended(staffed, run)
    assert (done["status"], done["counts"]["updated"]) == ("succeeded", ARTICLES)  # type: ignore[index]
    assert done["attempt"] == 2
    assert repriced(staffed) == {1: ARTICLES}


def test_the_shop_s_own_tests_pass_with_the_kit(shop: Shop) -> None:
    done = shop.run("python", "-m", "pytest", "-q", "--ds=shop.settings", "-p", "no:cacheprovider", "catalogue")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
