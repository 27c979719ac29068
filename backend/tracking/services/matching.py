"""The work entries of a project, matched with its tasks: read, compared with what is stored, and written, by ranges."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet

from backend.tracking.kernel.losses import GONE, Moves
from backend.tracking.kernel.matching import Match
from backend.tracking.models import Project, WorkEntry
from backend.tracking.services import rules
from backend.tracking.services.arrays import array
from backend.tracking.services.matching_changes import UNNOTED

READ = """
    SELECT id::text, xmin::text, task_id::text,
        CASE WHEN matched_by_id IS NOT NULL THEN coalesce(array_position(%(rules)s::uuid[], matched_by_id), 0) - 1 END,
        array_position(%(trackers)s::uuid[], tracker_id) - 1, breadcrumb, text, external_task
    FROM tracking_workentry WHERE id BETWEEN %(first)s AND %(last)s AND tracker_id = ANY(%(trackers)s::uuid[])
"""
"""Id and version (`xmin` is another one after every update), the stored match, and what rules look at."""

FOUND = """
    unnest(%(ids)s::uuid[], %(versions)s::xid[], %(tasks)s::uuid[], %(matched_by)s::uuid[], %(before)s::int[])
        AS found (id, version, task, matched_by, before)
"""
PLAN = f"""
    SELECT 'updated' AS action, found.id::text AS key,
        left(coalesce(nullif(entry.text, ''), entry.breadcrumb), 200)
            || to_char(entry.started_at AT TIME ZONE 'UTC', ' (YYYY-MM-DD HH24:MI)') AS label,
        jsonb_build_object(
            'task', jsonb_build_array(task_before.code, task.code),
            'rule', jsonb_build_array(
                %(names)s::jsonb -> entry.matched_by_id::text, %(names)s::jsonb -> found.matched_by::text
            )
        ) AS fields,
        '' AS reason, found.*
    FROM {FOUND}
    JOIN tracking_workentry AS entry ON entry.id = found.id AND entry.xmin = found.version
    LEFT JOIN tracking_task AS task_before ON task_before.id = entry.task_id
    LEFT JOIN tracking_task AS task ON task.id = found.task
    WHERE found.id BETWEEN %(first)s AND %(last)s
"""  # noqa: S608 - made of constants
BRIEF_PLAN = f"""
    SELECT 'updated' AS action, '' AS reason, found.* FROM {FOUND} WHERE found.id BETWEEN %(first)s AND %(last)s
"""  # noqa: S608
"""The same, once no more changes are recorded."""
WRITE = f"""
    UPDATE tracking_workentry AS entry SET task_id = plan.task, matched_by_id = plan.matched_by
    FROM plan WHERE entry.id = plan.id AND entry.xmin = plan.version AND {UNNOTED}
"""  # noqa: S608
"""What somebody changed since it was read is left alone, and counts as unchanged."""

TALLY = """
    SELECT coalesce((CASE WHEN done.id IS NULL THEN entry.matched_by_id ELSE done.matched_by END)::text, ''), 1
    FROM tracking_workentry AS entry LEFT JOIN done ON done.id = entry.id
    WHERE entry.id BETWEEN %(first)s AND %(last)s AND entry.tracker_id = ANY(%(trackers)s::uuid[])
"""
"""How many entries of a batch each rule matches once PLAN is carried out, by the rule's id; empty: none matches."""

MOVES = """
    SELECT CASE WHEN before < 0 THEN 'gone' ELSE coalesce((%(rules)s::uuid[])[before + 1]::text, '') END
        || ' ' || coalesce(matched_by::text, ''), count(*)
    FROM done
    WHERE before IS DISTINCT FROM array_position(%(rules)s::uuid[], matched_by) - 1
    GROUP BY 1
"""
"""How many entries of a batch went from one rule to another, by both ids: the first is empty of entries that were not
matched, `gone` where that rule is gone; the second is empty of those that are not matched any more."""

ROWS = 5_000
"""Held in memory at a time."""
Row = tuple[Any, ...]
"""What READ gives."""


class ProjectMatching:
    """The work entries of one project, and its rules."""

    def __init__(self, project: Project) -> None:
        """Raises RuleError."""
        self.project = project
        self._trackers = rules.trackers(project)
        self._matcher = rules.matcher(self._trackers)
        self.rules = [rule.facts for rule in self._matcher.rules]
        """In the order in which they are tried."""
        self._names = json.dumps({rule.id: rule.name for rule in self.rules})
        self._params = {
            "rules": array(rule.id for rule in self.rules),
            "trackers": array(tracker.pk for tracker in self._trackers),
        }

    @property
    def entries(self) -> QuerySet[Any, Any]:
        """All work entries of the project."""
        return WorkEntry.objects.filter(tracker__in=self._trackers)

    def matches(self, first: Any, last: Any) -> "Matches":
        """What the rules say of the entries from one id to another."""
        matches = Matches()
        with connection.cursor() as cursor:
            cursor.execute(READ, {**self._params, "first": first, "last": last})
            while rows := cursor.fetchmany(ROWS):
                matches.add(rows, self._matcher.matches([row[4:] for row in rows]))
        return matches

    def write_params(self, matches: "Matches") -> dict[str, Any]:
        """For PLAN, BRIEF_PLAN and WRITE."""
        ids = [rule.id for rule in self.rules]
        return {
            **self._params,
            "names": self._names,
            "ids": array(row[0] for row, _ in matches.changed),
            "versions": array(row[1] for row, _ in matches.changed),
            "tasks": array(task for _, (task, _) in matches.changed),
            "matched_by": array(None if rule is None else ids[rule] for _, (_, rule) in matches.changed),
            "before": array(map(_rule_before, (row for row, _ in matches.changed))),
        }

    def stored(self) -> Counter[int | None]:
        """How many entries each rule has matched, by the rule's place; None: those that are not matched."""
        numbers = self.entries.values_list("matched_by").annotate(Count("pk"))
        return self.figures({str(rule): number for rule, number in numbers})

    def moves(self, numbers: Mapping[str, int]) -> Moves:
        """What MOVES gives, by the places of the rules."""
        places: dict[str, int | None] = {rule.id: place for place, rule in enumerate(self.rules)}
        places |= {"": None}
        moves: Moves = Counter()
        for pair, number in numbers.items():
            before, moved, after = pair.partition(" ")
            if moved:
                moves[places.get(before, GONE), places.get(after, GONE)] += number
        return moves

    def figures(self, numbers: Mapping[str, int]) -> Counter[int | None]:
        """The same of numbers by the rules' ids, as TALLY gives them."""
        places = {rule.id: place for place, rule in enumerate(self.rules)}
        counted: Counter[int | None] = Counter()
        for rule, number in numbers.items():
            if " " in rule:
                continue
            counted[places.get(rule)] += number
        return counted


def _rule_before(row: Row) -> int | None:
    """By which rule an entry was matched; of one whose task was deleted since, too."""
    _, _, task, rule = row[:4]
    return GONE if rule is None and task is not None else rule


class Matches:
    """Some entries with what each is to be matched with."""

    def __init__(self) -> None:
        self.changed: list[tuple[Row, Match]] = []
        """Those whose stored match is another one. The others need not be held in memory."""

    def add(self, rows: Sequence[Row], found: Sequence[Match]) -> None:
        """Take some more."""
        self.changed += [(row, match) for row, match in zip(rows, found, strict=True) if row[2:4] != match]
