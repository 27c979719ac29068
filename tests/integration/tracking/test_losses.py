import pytest

from backend.tracking.models import EntryMatch, Task, WorkMatch
from backend.tracking.services import matching
from backend.tracking.services.matching import ProjectMatching
from tasks.tracking.match_project import MatchProject, match_project
from tests.integration.collection.commands import Ended, ran
from tests.integration.tracking.projects import COMMITTED, Example
from upkeep.operations import runner

pytestmark = COMMITTED
CODE = r"(?P<task_code>#\d+)"


@pytest.fixture
def example() -> Example:
    """14 entries, 8 of which name a task by its code, and the others by its id."""
    example = Example()
    example.rule("pattern_to_task_code", text_pattern=CODE, priority=100)
    example.rule("external_task_id_to_task_external_id", priority=50)
    for number in range(14):
        example.task(f"#{number}", external_id=str(number))
        example.entry(f"#{number} work" if number < 8 else "", external_task="" if number < 8 else str(number))
    ran("match_project", "example")
    return example


def renamed() -> None:
    """As a tracker that keeps no former names would do it."""
    for task in Task.objects.exclude(external_id=""):
        Task.objects.filter(pk=task.pk).update(code=f"NEW-{task.code[1:]}")


def losses(ended: Ended) -> tuple[int, int]:
    told = ended.outcome["result"]["matching"]["app"]
    return told["lost"], told["before"]


def lost_lines(ended: Ended) -> list[str]:
    return [line for line in ended.report if "lost" in line or "→" in line]


@pytest.mark.usefixtures("example")
def test_a_matching_that_changes_nothing_loses_nothing() -> None:
    ended = ran("match_project", "example")
    assert (losses(ended), lost_lines(ended)) == ((0, 14), [])


def test_a_first_matching_has_nothing_to_lose(example: Example) -> None:
    example.entry("#1 more")
    EntryMatch.objects.all().delete()
    ended = ran("match_project", "example")
    assert (losses(ended), ended.counts["updated"]) == ((0, 0), 15)


@pytest.mark.usefixtures("example")
@pytest.mark.parametrize("dry_run", [False, True])
def test_more_than_a_tenth_that_is_lost_is_reported_with_the_rule(dry_run: bool) -> None:  # noqa: FBT001
    renamed()
    ended = ran("match_project", "example", *(["--dry-run"] if dry_run else []))
    assert losses(ended) == (8, 14)
    assert lost_lines(ended) == [
        f"app: 8 of 14 matches {'would be' if dry_run else 'were'} lost",
        f'  8 by "pattern_to_task_code {CODE}" of tasks: 8 → 0',
    ]
    assert ended.outcome["result"]["matching"]["app"]["rules"][0] == {
        "rule": f"pattern_to_task_code {CODE}", "tracker": "tasks", "matched": 0, "before": 8, "lost": 8
    }  # fmt: skip


def test_matches_that_fall_to_a_later_rule_are_lost_too(example: Example) -> None:
    example.task("various", external_id="")
    example.rule("always_to_task", target_task="various")
    ran("match_project", "example")
    renamed()
    ended = ran("match_project", "example")
    assert ended.outcome["result"]["matching"]["app"]["unmatched"] == 0
    assert losses(ended) == (8, 14)
    assert lost_lines(ended)[1].endswith("8 → 0")


@pytest.mark.usefixtures("example")
def test_matches_whose_task_was_deleted_are_lost() -> None:
    Task.objects.filter(external_id__in=["1", "2", "9"]).delete()
    ended = ran("match_project", "example")
    assert losses(ended) == (3, 14)
    assert [line.rpartition(": ")[2] for line in lost_lines(ended)[1:]] == ["8 → 6", "6 → 5"]
    assert losses(ran("match_project", "example")) == (0, 11)


@pytest.mark.usefixtures("example")
def test_matches_of_a_rule_that_is_gone_are_lost() -> None:
    WorkMatch.objects.filter(match_on="pattern_to_task_code").delete()
    ended = ran("match_project", "example")
    assert losses(ended) == (8, 14)
    assert lost_lines(ended)[1:] == ["  8 by a rule that is gone: 8 → 0"]


def test_a_tenth_is_not_reported_and_neither_is_what_an_earlier_rule_takes_over(example: Example) -> None:
    Task.objects.filter(external_id="1").delete()
    ended = ran("match_project", "example")
    assert (losses(ended), lost_lines(ended)) == ((1, 14), [])
    example.task("meetings", external_id="")
    example.rule("pattern_to_task", text_pattern="#", target_task="meetings", priority=200)
    ended = ran("match_project", "example")
    assert (losses(ended), lost_lines(ended)) == ((0, 13), [])


def test_what_was_lost_before_a_resumption_is_reported(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(200):
        example.entry("#1 work")
    ran("match_project", "example")
    renamed()
    monkeypatch.setattr("upkeep.operations.steps.MAX_ROWS", 100)
    plain, batches = ProjectMatching.write_params, []

    def failing(self: ProjectMatching, matches: matching.Matches) -> dict[str, object]:
        batches.append(matches)
        if len(batches) == 2:
            raise KeyboardInterrupt
        return plain(self, matches)

    monkeypatch.setattr(ProjectMatching, "write_params", failing)
    outcome = runner.execute(match_project, MatchProject(organization="example"))
    assert (outcome.status, outcome.counts["processed"]) == ("cancelled", 100)
    ended = ran("resume_run", str(outcome.run))
    assert losses(ended) == (208, 214)
