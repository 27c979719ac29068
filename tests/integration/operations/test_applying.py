"""Runs that carry out what a preview showed, and nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import strategies as st
from pytest_django import Settings

from backend.collection.models import DVD
from tests.integration.operations.factories import COMMITTED, copies, dvds, tallied
from tests.operations.dvds import PLAN, WRITE, add, added, delete
from tests.operations.scripted import (
    Nothing,
    claimed_again,
    played,
    reread,
    resumed,
    scripted_halves,
    scripted_limited,
    stage,
)
from upkeep.operations import erasure, runner, submission
from upkeep.operations.cancellation import cancel
from upkeep.operations.checks import check_reviewed
from upkeep.operations.context import RunContext
from upkeep.operations.errors import OperationError, UnconfirmedError
from upkeep.operations.execution import parts
from upkeep.operations.execution.digests import Selection
from upkeep.operations.leases import claims
from upkeep.operations.models import Run, RunDigest
from upkeep.operations.plans import Change
from upkeep.operations.submission import Applied
from upkeep.operations.terminal.identity import system_user
from upkeep.testing.runs import Killed

pytestmark = COMMITTED
Body = Callable[[RunContext], None]
NOTHING = Selection()


@pytest.fixture(autouse=True)
def _one_version(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "VERSION": "1"}


def by_plan(run: RunContext) -> None:
    """Add a copy of each of which there are fewer than four."""
    for batch in run.batches(DVD.objects.filter(copy_number__lt=4)):
        batch.commit(added(batch.items), write=add)


def by_sql(run: RunContext) -> None:
    """The same in SQL."""
    for batch in run.batches(DVD.objects.filter(copy_number__lt=4)):
        batch.commit_sql(plan=f"{PLAN} AND copy_number < 4", write=WRITE)


def previewed(body: Body, **columns: Any) -> Run:
    run = played(body, dry_run=True, **columns)
    assert run.status == "succeeded"
    return run


def applied(preview: Run, body: Body, selection: Selection = NOTHING, **columns: Any) -> Run:
    return played(body, applies=Applied(preview, selection), **columns)


def of_command(preview: Run, *options: str) -> Run:
    """The run of `apply_run`, if it is not refused."""
    call_command("apply_run", str(preview.pk), *options, verbosity=0)
    return Run.objects.get(preview=preview)


def refused(preview: Run, *options: str) -> str:
    """Why `apply_run` did nothing."""
    before = Run.objects.count(), copies()
    with pytest.raises(CommandError) as raised:
        call_command("apply_run", str(preview.pk), *options, verbosity=0)
    assert (Run.objects.count(), copies()) == before
    return str(raised.value).replace(str(preview.pk), "P")


@pytest.mark.parametrize("body", [by_plan, by_sql])
def test_a_preview_is_applied_as_it_was_shown_and_once(body: Body) -> None:
    dvds(3)
    preview = previewed(body)
    assert copies() == [1] * 3
    run = of_command(preview)
    assert copies() == [2] * 3
    assert (run.status, tallied(run.counts)) == ("succeeded", {"processed": 3, "updated": 3})
    assert refused(preview) == f"preview P was applied by run {run.pk}, which succeeded: make a new one with --dry-run"


@pytest.mark.parametrize("body", [by_plan, by_sql])
def test_what_would_be_another_change_by_now_is_skipped_and_told_as_it_was_and_as_it_is(body: Body) -> None:
    changed, left, gone = dvds(3)
    preview = previewed(body)
    DVD.objects.filter(pk=changed.pk).update(copy_number=2)
    DVD.objects.filter(pk=gone.pk).update(copy_number=9)
    [new] = dvds(1)
    run = applied(preview, body)
    assert copies() == [2, 2, 9, 1]
    assert tallied(run.counts) == {"processed": 4, "updated": 1, "skipped": 3}
    assert run.reasons == {"skipped": {"not_as_previewed": 2, "gone_since": 1}}
    told = dict(run.changes.filter(action="skipped").values_list("key", "fields"))
    assert told == {
        str(changed.pk): {"copy_number": [2, 3], "copy_number, as previewed": [1, 2]},
        str(new.pk): {"copy_number": [1, 2]},
    }
    assert run.changes.get(action="updated").key == str(left.pk)


def test_what_is_unchanged_by_now_is_gone_also_where_its_row_is_planned() -> None:
    gone, _left = dvds(2)

    def body(run: RunContext) -> None:
        plan = PLAN.replace("'updated'", "CASE WHEN copy_number < 4 THEN 'updated' ELSE 'unchanged' END")
        for batch in run.batches(DVD.objects.all()):
            batch.commit_sql(plan=plan, write=f"{WRITE} AND plan.action = 'updated'")

    preview = previewed(body)
    DVD.objects.filter(pk=gone.pk).update(copy_number=9)
    run = applied(preview, body)
    assert (copies(), run.reasons) == ([9, 2], {"skipped": {"gone_since": 1}})


@pytest.mark.parametrize("body", [by_plan, by_sql])
def test_a_part_of_a_preview_is_applied(body: Body) -> None:
    one, two, _three = dvds(3)
    preview = previewed(body)
    assert refused(preview, "--only", "zzz").startswith("preview P has no change with the key 'zzz'")
    run = of_command(preview, "--only", str(one.pk), str(two.pk), "--except", str(two.pk))
    assert copies() == [2, 1, 1]
    assert run.reasons == {"skipped": {"not_approved": 2}}
    assert run.selection == {"only": [str(one.pk), str(two.pk)], "without": [str(two.pk)]}


def test_a_preview_of_which_few_changes_are_recorded_is_applied_whole(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "MAX_CHANGES": 1}
    dvds(5)
    preview = previewed(by_plan)
    assert (preview.changes.count(), RunDigest.objects.filter(run=preview).count()) == (1, 5)
    assert tallied(applied(preview, by_sql).counts) == {"processed": 5, "updated": 5}


def test_actions_are_chosen_too() -> None:
    first, second = dvds(2)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            plan = [
                Change("deleted", str(dvd.pk), dvd.name, reason="old", payload=dvd.pk) if dvd == first else change
                for dvd, change in zip(batch.items, added(batch.items), strict=True)
            ]
            batch.commit(plan, write=lambda changes: (delete if changes[0].action == "deleted" else add)(changes))

    preview = previewed(body)
    stage.body = body
    run = of_command(preview, "--only-action", "deleted", "--only-reason", "old")
    assert tallied(run.counts) == {"processed": 2, "deleted": 1, "skipped": 1}
    assert list(DVD.objects.values_list("pk", "copy_number")) == [(second.pk, 1)]


def test_what_cannot_be_applied_is_refused_in_one_line(settings: Settings) -> None:
    dvds(2)
    assert refused(played(lambda _run: None)) == "run P is no preview: it was not started with --dry-run"
    assert "would change nothing" in refused(previewed(lambda _run: None))
    failed = played(lambda _run: 1 / 0, dry_run=True)  # type: ignore[arg-type]
    assert refused(failed) == "preview P failed: only one that succeeded can be applied"
    running = submission.record(scripted_limited, Nothing(), dry_run=True, queue="default")
    assert refused(running).startswith("preview P is still queued")

    preview = previewed(by_plan)
    Run.objects.filter(pk=preview.pk).update(finished_at=timezone.now() - timedelta(hours=25))
    assert refused(preview) == "preview P is 25.0 hours old, at most 24: make a new one with --dry-run"
    preview = previewed(by_plan)
    settings.UPKEEP = {**settings.UPKEEP, "VERSION": "2"}
    assert refused(preview) == "preview P was made by version 1, this is 2: make a new one with --dry-run"
    Run.objects.filter(pk=preview.pk).update(plan_version="")
    assert refused(preview).startswith("preview P was made by code that is no version")


def test_whoever_destroys_what_must_be_reviewed_applies_the_preview_of_somebody_else(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "REVIEW_REQUIRED": (scripted_limited.name,)}
    dvds(1)
    with pytest.raises(UnconfirmedError, match="only as previewed and approved by somebody else"):
        played(by_plan, what=scripted_limited, confirm="yes")
    own = previewed(by_plan, what=scripted_limited, system_user=system_user())
    assert refused(own) == f"{system_user()} made preview P: somebody else has to apply it"
    run = of_command(previewed(by_plan, what=scripted_limited, system_user="somebody else"))
    assert (run.status, run.system_user, run.attended, copies()) == ("succeeded", system_user(), True, [2])


def test_a_name_to_be_reviewed_that_guards_nothing_is_found_by_a_check(settings: Settings) -> None:
    for names in [("testing.scripted_limited",), ("scripted_limited",)]:
        settings.UPKEEP = {**settings.UPKEEP, "REVIEW_REQUIRED": names}
        assert check_reviewed() == []
        assert scripted_limited.needs_review(Nothing())
    settings.UPKEEP = {**settings.UPKEEP, "REVIEW_REQUIRED": ("testing.scripted_limted", "testing.talk")}
    misspelt, unsuitable = [problem.msg for problem in check_reviewed()]
    assert "did you mean 'testing.scripted_limited'?" in misspelt
    assert unsuitable == "UPKEEP['REVIEW_REQUIRED']: testing.talk has no preview that could be applied."


def test_a_preview_whose_run_was_cancelled_is_continued_by_that_run() -> None:
    dvds(1)
    preview = previewed(by_plan)
    run = submission.record(scripted_limited, Nothing(), applies=Applied(preview, NOTHING), queue="default")
    cancel(run.pk)
    which = f"run {run.pk}, which was cancelled"
    assert refused(preview) == f"preview P was applied by {which}: `resume_run {run.pk}` continues it"
    assert resumed(run, by_plan).status == "succeeded"
    assert copies() == [2]


def test_a_preview_in_parts_is_applied_in_parts() -> None:
    dvds(4)
    preview = in_parts(dry_run=True)
    DVD.objects.filter(pk=DVD.objects.order_by("pk")[0].pk).update(copy_number=2)
    DVD.objects.filter(pk=DVD.objects.order_by("-pk")[0].pk).update(copy_number=9)
    run = in_parts(applies=Applied(preview, NOTHING))
    assert copies() == [2, 2, 2, 9]
    assert (run.status, run.reasons) == ("succeeded", {"skipped": {"not_as_previewed": 1, "gone_since": 1}})


def in_parts(**columns: Any) -> Run:
    """A run by two parts, and its end."""
    run = played(by_plan, what=scripted_halves, partitions=2, **columns)
    for part in run.parts.order_by("created_at", "id"):
        claimed_again(part)
        parts.settle(run.pk)
    return claimed_again(run)


def test_two_who_apply_one_preview_at_once_do_it_once() -> None:
    dvds(1)
    preview = previewed(by_plan)
    submission.record(scripted_limited, Nothing(), applies=Applied(preview, NOTHING))
    with pytest.raises(OperationError, match="applied just now"):
        submission.record(scripted_limited, Nothing(), applies=Applied(preview, NOTHING))


def test_digests_go_with_their_run_and_its_application_does_not_go_on_without_it() -> None:
    dvds(1)
    preview = previewed(by_plan)

    run = applied(preview, lambda _run: 1 / 0)  # type: ignore[arg-type]
    with transaction.atomic():
        erasure.erase([Change("deleted", str(preview.pk), "", payload=reread(preview))])
    assert not RunDigest.objects.exists()
    assert "its preview" in resumed(run, by_plan).error
    assert copies() == [1]


@pytest.mark.parametrize("body", [by_plan, by_sql])
@hypothesis.settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@hypothesis.given(
    stored=st.lists(st.integers(1, 5), min_size=1, max_size=8),
    edits=st.lists(st.tuples(st.integers(0, 8), st.integers(1, 5)), max_size=6),
    pace=st.tuples(st.integers(1, 3), st.integers(0, 4)),
)
def test_whatever_is_edited_and_killed_meanwhile_what_is_applied_was_previewed_and_is_done_once(
    settings: Settings, body: Body, stored: list[int], edits: list[tuple[int, int]], pace: tuple[int, int]
) -> None:
    size, kill_at = pace  # items of a batch, and how many batches are committed before
    settings.UPKEEP = {**settings.UPKEEP, "BATCH_ITEMS": size, "VERSION": "1"}
    DVD.objects.all().delete()
    made = dvds(len(stored))
    for dvd, number in zip(made, stored, strict=True):
        DVD.objects.filter(pk=dvd.pk).update(copy_number=number)
    preview = previewed(body)
    shown = {dvd.pk: number for dvd, number in zip(made, stored, strict=True) if number < 4}
    for place, number in edits:
        if place < len(made):
            DVD.objects.filter(pk=made[place].pk).update(copy_number=number)
        else:
            dvds(1)
    before = dict(DVD.objects.values_list("pk", "copy_number"))
    commits = iter(range(100))

    def interrupted(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.filter(copy_number__lt=4)):
            if next(commits) == kill_at:
                raise Killed
            commit(batch)

    def commit(batch: Any) -> None:
        if body is by_sql:
            batch.commit_sql(plan=f"{PLAN} AND copy_number < 4", write=WRITE)
        else:
            batch.commit(added(batch.items), write=add)

    try:
        run = applied(preview, interrupted)
    except Killed:
        killed = Run.objects.get(preview=preview)
        attempt = claims.claim_again(killed.pk, killed.attempt)
        assert attempt
        stage.body = body
        runner.carry_out(killed.pk, attempt)
        run = reread(killed)
    expected = {pk: number + (shown.get(pk) == number) for pk, number in before.items()}
    assert dict(DVD.objects.values_list("pk", "copy_number")) == expected
    came = [pk for pk, number in before.items() if number < 4]
    assert run.counts["updated"] == sum(shown.get(pk) == before[pk] for pk in came)
    skipped = run.reasons.get("skipped", {})
    assert skipped.get("not_as_previewed", 0) == len(came) - run.counts["updated"]
    assert skipped.get("gone_since", 0) == len(shown.keys() - came)
