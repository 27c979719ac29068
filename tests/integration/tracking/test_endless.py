"""A tracker that always has another page."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from backend.tracking.connectors import network
from backend.tracking.models import Task
from tests.integration.collection.commands import ran
from tests.integration.tracking.factories import api_tracker
from tests.servers.trackers import github
from upkeep.testing.servers.catalogue import Received, Reply
from upkeep.testing.servers.process import Server
from upkeep.testing.servers.threads import serving

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]
HOUR = timedelta(hours=1)
PAGE = 100
REPLIES = 6
"""One about the repository, the others about issues."""


class Endless(github.Catalogue):
    """A GitHub with one issue an hour, from its beginning on for ever."""

    def reply(self, request: Received) -> Reply:
        """From the first issue that was changed since: a whole page, and the link to the next one."""
        if not request.path.endswith("/issues"):
            return super().reply(request)
        since = datetime.fromisoformat(request.query["since"]) if "since" in request.query else github.FIRST
        first = max(1, -((github.FIRST - since) // HOUR))
        items = [github.issue(number, github.FIRST + number * HOUR) for number in range(first, first + PAGE)]
        following = f"http://{request.headers['host']}{request.path}?page={first + PAGE}"
        return Reply.of(items).with_headers(Link=f'<{following}>; rel="next"')


@pytest.fixture
def endless() -> Iterator[Server]:
    catalogue = Endless(records=1, moves=False, broken=0, surprises=False, at_once=False)
    with serving(catalogue, path=github.PATH) as server:
        yield server


@pytest.mark.parametrize("full", [False, True])
def test_it_is_read_up_to_a_bound_that_is_reported_and_a_resumption_continues_there(
    endless: Server, monkeypatch: pytest.MonkeyPatch, *, full: bool
) -> None:
    monkeypatch.setattr(network, "MAX_REPLIES", REPLIES)
    api_tracker(github.KIND, github.location(endless.origin), token=github.TOKEN)
    command, *options = "update_project", "acme", "--no-match", *(["--full"] if full else [])
    stored = 0
    for _ in range(2):
        ended = ran(command, *options)
        assert (ended.exit_code, ended.outcome["status"]) == (1, "failed")
        error = f"GitHub had another page after {REPLIES}: what came is kept, and resume_run continues there"
        assert error in ended.outcome["error"]
        assert Task.objects.count() == ended.counts["created"]
        assert Task.objects.count() - stored > (REPLIES - 2) * (PAGE - 10)
        stored = Task.objects.count()
        command, *options = "resume_run", ended.outcome["run"]
