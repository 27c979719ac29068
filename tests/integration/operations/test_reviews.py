"""A preview is applied: what it showed, and no more."""

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from random import Random
from typing import Any

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from backend.collection.models import DVD
from tests.integration.operations.factories import COMMITTED, copies, dvds
from tests.operations.dvds import PLAN, WRITE, add, added
from tests.operations.scripted import claimed, played, reread, rewind
from upkeep.operations import erasure, runner
from upkeep.operations.context import RunContext
from upkeep.operations.leases import claims, losses
from upkeep.operations.models import Run, RunDigests
from upkeep.operations.plans import Change
from upkeep.testing.runs import Killed, _Writes

pytestmark = COMMITTED
EVEN = f"{PLAN} AND copy_number %% 2 = 1"


@pytest.fixture(autouse=True)
def versioned(settings: Settings) -> None:
    settings.UPKEEP = {**project.UPKEEP, "VERSION": "1.0"}


def make_even(dvds: Sequence[DVD]) -> list[Change]:
    return added(dvd for dvd in dvds if dvd.copy_number % 2)


def planned(run: RunContext) -> None:
    """Add a copy to each DVD of which there is an odd number."""
    for batch in run.batches(DVD.objects.all()):
        batch.commit(make_even(batch.items), write=add)


def by_sql(run: RunContext) -> None:
    """The same, in the database."""
    for batch in run.batches(DVD.objects.all()):
        batch.commit_sql(plan=EVEN, write=WRITE)


def nothing(run: RunContext) -> None:
    """Do nothing."""


def applied(preview: Run, *options: str) -> Run:
    call_command("apply_run", str(preview.pk), *options, stdout=StringIO(), stderr=StringIO())
    return preview.applied_by.get()


def reasons(run: Run) -> dict[str, int]:
    return dict(run.reasons.get("skipped", {}))


@pytest.mark.parametrize("body", [planned, by_sql])
def test_what_was_previewed_is_applied_and_what_differs_is_told_with_both_versions(body: Any) -> None:
    dvds(5)
    preview = played(body, dry_run=True)
    assert (preview.kind, RunDigests.objects.filter(run=preview).count()) == ("preview", 1)
    first, second, third, *_ = DVD.objects.order_by("pk")
    DVD.objects.filter(pk=first.pk).update(copy_number=7)  # another change than was shown
    DVD.objects.filter(pk=second.pk).update(copy_number=8)  # no change any more
    new = DVD.objects.create(name="new", copy_number=1)
    run = applied(preview)
    assert copies() == [7, 8, 2, 2, 2, 1]
    assert (run.kind, run.preview, run.status) == ("apply", preview, "succeeded")
    assert (run.counts["updated"], reasons(run)) == (3, {"not_as_previewed": 2})
    assert run.result == {"preview": str(preview.pk), "gone_since": 1}
    told = {row.key: row.fields for row in run.changes.filter(action="skipped")}
    assert told == {
        str(first.pk): {"copy_number": [[1, 2], [7, 8]]},
        str(new.pk): {"copy_number": [None, [1, 2]]},
    }
    assert third.name in {row.label for row in run.changes.filter(action="updated")}


@pytest.mark.parametrize("body", [planned, by_sql])
def test_changes_beyond_those_recorded_are_applied_too(body: Any, settings: Settings) -> None:
    settings.UPKEEP = {**project.UPKEEP, "MAX_CHANGES": 0, "BATCH_ITEMS": 2}
    dvds(5)
    preview = played(body, dry_run=True)
    DVD.objects.filter(pk=DVD.objects.order_by("pk")[0].pk).update(copy_number=3)
    run = applied(preview)
    assert (copies(), reasons(run)) == ([3, 2, 2, 2, 2], {"not_as_previewed": 1})


def test_a_preview_is_applied_once() -> None:
    dvds(1)
    preview = played(planned, dry_run=True)
    run = applied(preview)
    with pytest.raises(CommandError, match=f"has been applied by run {run.pk}, which is succeeded"):
        applied(preview)
    assert copies() == [2]


def test_what_cannot_be_applied_is_refused_in_one_line(settings: Settings) -> None:
    dvds(1)
    with pytest.raises(CommandError, match="is not a preview: only what a run with --dry-run showed"):
        applied(played(nothing))
    with pytest.raises(CommandError, match="shows no change: there is nothing to apply"):
        applied(played(nothing, dry_run=True))
    preview = played(planned, dry_run=True)
    Run.objects.filter(pk=preview.pk).update(finished_at=timezone.now() - timedelta(hours=25))
    with pytest.raises(CommandError, match="is too old: a preview can be applied for 24 hours"):
        applied(preview)
    Run.objects.filter(pk=preview.pk).update(finished_at=timezone.now(), reviewable="")
    with pytest.raises(CommandError, match="the preview's code has no version, or uncommitted edits"):
        applied(preview)
    Run.objects.filter(pk=preview.pk).update(reviewable="1.0")
    settings.UPKEEP = {**project.UPKEEP, "VERSION": "1.1"}
    with pytest.raises(CommandError, match=r"is of version 1\.0, this is 1\.1: make another preview"):
        applied(preview)
    rewind(preview.pk, status="running")
    with pytest.raises(CommandError, match="is still running"):
        applied(preview)
    assert copies() == [1]


def test_a_preview_goes_although_a_run_applied_it() -> None:
    dvds(1)
    preview = played(planned, dry_run=True)
    run = applied(preview)
    with transaction.atomic():
        erasure.erase(erasure.plan([preview]))
    assert reread(run).preview is None
    assert not RunDigests.objects.filter(run=preview.pk).exists()


@pytest.mark.parametrize("body", [planned, by_sql])
def test_killed_at_any_place_while_applied_nothing_is_done_twice_and_only_what_was_previewed(
    body: Any, settings: Settings
) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "BATCH_ITEMS": 3}
    for seed in range(4):
        rng = Random(seed)  # noqa: S311 - chooses what to edit and when to kill
        dvds(12)
        preview = played(body, dry_run=True)
        keys = [*DVD.objects.order_by("pk").values_list("pk", flat=True)]
        edited = rng.sample(keys, 4)
        for pk in edited:
            DVD.objects.filter(pk=pk).update(copy_number=rng.choice([2, 3, 4, 5]))
        before = dict(DVD.objects.values_list("pk", "copy_number"))
        run = claimed(body, preview=preview, attended=True, origin="test")
        for _ in range(3):
            with connection.execute_wrapper(_Writes(rng.randrange(1, 3)).interrupt), suppress(Killed):
                runner.carry_out(run.pk, run.attempt)
            if reread(run).status != "running":
                break
            losses.release_of(claims.executor(os.getpid()), cause="it was killed")
            Run.objects.filter(pk=run.pk).update(not_before=None)
            claims.claim(run.pk)
            run = reread(run)
        if reread(run).status == "running":
            runner.carry_out(run.pk, run.attempt)
        run = reread(run)
        after = dict(DVD.objects.values_list("pk", "copy_number"))
        assert after == {pk: number + (pk not in edited) for pk, number in before.items()}
        assert (run.status, run.counts["updated"]) == ("succeeded", 8)
        assert run.result["gone_since"] == sum(before[pk] % 2 == 0 for pk in edited)
        assert reasons(run).get("not_as_previewed", 0) == sum(before[pk] % 2 for pk in edited)
        DVD.objects.all().delete()
