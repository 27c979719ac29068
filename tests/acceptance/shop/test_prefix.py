"""Two projects on one Redis: with a prefix of their own, neither sees what the other sends."""

import json
from urllib.request import ProxyHandler, build_opener

import pytest
from redis import Redis

from tests.acceptance.polling import until
from tests.acceptance.processes import BrokerProcess, free_port
from tests.acceptance.shop.conftest import OpenShop, Shop

pytestmark = pytest.mark.parametrize("postgres", [18], indirect=True)
STATUSES = {"succeeded"}


@pytest.fixture(scope="module")
def shops(opened: OpenShop) -> tuple[Shop, Shop]:
    """Two of them, without workers."""
    return opened("first", prefix="first-"), opened("second", prefix="second-")


def enqueued(shop: Shop, number: int) -> set[str]:
    """So many runs, sent to a worker."""
    return {shop.manage("run_task", "clearsessions") for _ in range(number)}


def statuses(shop: Shop) -> set[str]:
    """Those of its runs."""
    return {status for (status,) in shop.rows("SELECT status FROM upkeep_operations_run")}


def test_a_worker_takes_only_what_its_own_project_sent(shops: tuple[Shop, Shop], broker: BrokerProcess) -> None:
    first, second = shops
    sent = [enqueued(shop, 3) for shop in shops]
    with Redis.from_url(broker.url, decode_responses=True) as redis:
        assert {key.partition("-")[0] for key in redis.scan_iter() if "celery" in key} == {"first", "second"}
    worker = second.worker()
    until(lambda: statuses(second) == STATUSES)
    assert statuses(first) == {"queued"}
    assert not [run for run in sent[0] if run in worker.logs()]
    first.worker()
    until(lambda: statuses(first) == STATUSES)


def test_flower_shows_only_its_own_project(shops: tuple[Shop, Shop]) -> None:
    first, second = shops
    for shop in shops:
        if not any(process.status == "running" for process in shop.processes):
            shop.worker()
    port = free_port()
    first.env["FLOWER_UNAUTHENTICATED_API"] = "true"
    first.celery("flower", "flower", f"--port={port}", "--address=127.0.0.1", prompt="Visit me at")
    theirs = enqueued(second, 2)
    until(lambda: statuses(second) == STATUSES)
    ours = enqueued(first, 1)

    def shown() -> set[str]:
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/api/tasks", timeout=10) as answer:
            return set(json.load(answer))

    until(lambda: ours <= shown())
    assert not theirs & shown()
