"""The rules of a project."""

from collections.abc import Sequence
from contextlib import suppress

from backend.tracking.kernel.matching import Matcher
from backend.tracking.kernel.patterns import pattern
from backend.tracking.kernel.rules import TOO_MUCH, Rule, RuleError, RuleFacts
from backend.tracking.models import Project, Tracker, WorkMatch
from backend.tracking.services.named_tasks import NamedTasks


def trackers(project: Project) -> list[Tracker]:
    """The trackers of a project, in their order."""
    return list(project.trackers.order_by("place", "name"))


def matcher(trackers: Sequence[Tracker]) -> Matcher:
    """The rules of all trackers of a project, ready to be applied to the entries of these. Raises RuleError."""
    found = WorkMatch.objects.filter(tracker__in=trackers).select_related("tracker")
    ordered = found.order_by("-priority", "tracker__place", "tracker__name", "place", "pk")
    tasks = NamedTasks(trackers)
    return Matcher(map(facts, ordered), [tracker.name for tracker in trackers], tasks.look_up, tasks.keys)


def check(rule: WorkMatch) -> None:
    """Raise RuleError when a rule cannot be applied, or its organization's patterns take too much memory with it."""
    memory = Rule(facts(rule)).memory
    of_organization = WorkMatch.objects.filter(tracker__project__organization=rule.tracker.project.organization_id)
    others = of_organization.exclude(pk=rule.pk).values_list("text_pattern", "breadcrumb_pattern")
    for text in filter(None, (each for patterns in others for each in patterns)):
        with suppress(pattern.PatternError):  # that rule is refused when it is applied
            memory += pattern.facts(text).memory
        if memory > pattern.MAX_TOTAL_MEMORY:
            raise RuleError(f"rule {facts(rule)}: {TOO_MUCH}")


def facts(rule: WorkMatch) -> RuleFacts:
    """A stored rule as kernels know it."""
    return RuleFacts(
        id=str(rule.pk),
        tracker_id=str(rule.tracker_id),
        tracker=rule.tracker.name,
        match_on=rule.match_on,
        priority=rule.priority,
        sources=tuple(rule.source_work_trackers),
        text_pattern=rule.text_pattern,
        breadcrumb_pattern=rule.breadcrumb_pattern,
        target_task=rule.target_task,
    )
