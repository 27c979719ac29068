"""The merge requests of a GitLab tracker are switched on and off."""

import pytest

from backend.tracking.models import Task, Tracker, WorkEntry
from tests.integration.collection.commands import ran
from tests.integration.tracking.factories import api_tracker
from tests.integration.tracking.projects import Example
from tests.servers.trackers import gitlab

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient", "folder")]


def numbers() -> tuple[int, int]:
    """Of issues and of merge requests that are stored."""
    requests = Task.objects.filter(code__startswith="!").count()
    return Task.objects.count() - requests, requests


def update(*options: str) -> None:
    ended = ran("update_project", "example", *options)
    assert ended.exit_code == 0, ended.error


def test_merge_requests_come_when_they_are_switched_on_and_go_with_a_complete_download_after_they_are_off() -> None:
    with gitlab.server(records=20, merge_requests=8, surprises=False) as server:
        example = Example()
        tracker = api_tracker(gitlab.KIND, gitlab.location(server.origin), of=example.project, token=gitlab.TOKEN)
        example.rule("external_task_id_to_task_code", tracker)
        entries = [example.entry(external_task=code) for code in ("!3", "#3")]
        update()
        assert numbers() == (20, 0)
        Tracker.objects.filter(pk=tracker.pk).update(merge_requests=True)
        update()
        assert numbers() == (20, 8)
        assert [WorkEntry.objects.get(pk=entry.pk).task.code for entry in entries] == ["!3", "#3"]  # type: ignore[union-attr]
        Tracker.objects.filter(pk=tracker.pk).update(merge_requests=False)
        update()
        assert numbers() == (20, 8)
        update("--full")
        assert numbers() == (20, 0)
        assert WorkEntry.objects.get(pk=entries[0].pk).task is None
        Tracker.objects.filter(pk=tracker.pk).update(merge_requests=True)
        update()
        assert numbers() == (20, 8)
        assert WorkEntry.objects.get(pk=entries[0].pk).task == Task.objects.get(code="!3")
