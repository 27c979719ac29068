"""The work entries of a project, matched with its tasks: read, compared with what is stored, and written, by ranges."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet

from backend.tracking.kernel.losses import GONE, Moves
from backend.tracking.kernel.matching import Match
from backend.tracking.models import EntryMatch, Project, WorkEntry
from backend.tracking.services import rules
from backend.tracking.services.arrays import array, text_array
from backend.tracking.services.matching_changes import UNNOTED

READ = """
    SELECT entry.id::text, entry.xmin::text, match.task_id::text, CASE WHEN match.matched_by_id IS NOT NULL
            THEN coalesce(array_position(%(rules)s::uuid[], match.matched_by_id), 0) - 1 END,
        match.looked_for, match.missed,
        array_position(%(trackers)s::uuid[], entry.tracker_id) - 1, entry.breadcrumb, entry.text, entry.external_task
    FROM tracking_workentry AS entry LEFT JOIN tracking_entrymatch AS match ON match.entry_id = entry.id
    WHERE entry.id BETWEEN %(first)s AND %(last)s AND entry.tracker_id = ANY(%(trackers)s::uuid[])
        AND (%(only)s::uuid[] IS NULL OR entry.id = ANY(%(only)s::uuid[]))
"""
"""Id and version (`xmin` is another one after every update), the stored match, and what rules look at."""

FOUND = """
    (SELECT id, version, action, task, matched_by, before, looked_for, missed::int[]
    FROM unnest(
        %(ids)s::uuid[], %(versions)s::xid[], %(actions)s::text[], %(tasks)s::uuid[], %(matched_by)s::uuid[],
        %(before)s::int[], %(looked_for)s::text[], %(missed)s::text[]
    ) AS each (id, version, action, task, matched_by, before, looked_for, missed)) AS found
"""
PLAN = f"""
    SELECT found.id::text AS key,
        left(coalesce(nullif(entry.text, ''), entry.breadcrumb), 200)
            || to_char(entry.started_at AT TIME ZONE 'UTC', ' (YYYY-MM-DD HH24:MI)') AS label,
        jsonb_build_object(
            'task', jsonb_build_array(task_before.code, task.code),
            'rule', jsonb_build_array(
                %(names)s::jsonb -> match.matched_by_id::text, %(names)s::jsonb -> found.matched_by::text
            )
        ) AS fields,
        '' AS reason, found.*
    FROM {FOUND}
    JOIN tracking_workentry AS entry ON entry.id = found.id AND entry.xmin = found.version
    LEFT JOIN tracking_entrymatch AS match ON match.entry_id = found.id
    LEFT JOIN tracking_task AS task_before ON task_before.id = match.task_id
    LEFT JOIN tracking_task AS task ON task.id = found.task
    WHERE found.id BETWEEN %(first)s AND %(last)s
"""  # noqa: S608 - made of constants
BRIEF_PLAN = f"""
    SELECT '' AS reason, found.* FROM {FOUND} WHERE found.id BETWEEN %(first)s AND %(last)s
"""  # noqa: S608
"""The same, once no more changes are recorded."""
WRITE = f"""
    INSERT INTO tracking_entrymatch (entry_id, project_id, task_id, matched_by_id, looked_for, missed)
    SELECT plan.id, %(project)s, plan.task, plan.matched_by, plan.looked_for, plan.missed
    FROM plan JOIN tracking_workentry AS entry ON entry.id = plan.id AND entry.xmin = plan.version
        LEFT JOIN tracking_task AS task ON task.id = plan.task
    WHERE (plan.task IS NULL OR task.id IS NOT NULL) AND {UNNOTED}
    ON CONFLICT (entry_id) DO UPDATE SET project_id = excluded.project_id, task_id = excluded.task_id,
        matched_by_id = excluded.matched_by_id, looked_for = excluded.looked_for, missed = excluded.missed
    RETURNING entry_id AS id
"""  # noqa: S608
"""An entry that somebody changed since it was read, or whose task is gone by now, is left alone and counts as
unchanged: that change is noted for the next matching."""
SWEEP = """
    DELETE FROM tracking_entrymatch AS match
    WHERE project_id = %s AND NOT EXISTS (SELECT FROM tracking_workentry AS entry WHERE entry.id = match.entry_id)
        AND UNNOTED
""".replace("UNNOTED", UNNOTED)
"""Of entries that were deleted while their match was written."""

TALLY = """
    SELECT coalesce((CASE WHEN done.id IS NULL THEN match.matched_by_id ELSE done.matched_by END)::text, ''), 1
    FROM tracking_workentry AS entry LEFT JOIN done ON done.id = entry.id
        LEFT JOIN tracking_entrymatch AS match ON match.entry_id = entry.id
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
        self.trackers = rules.trackers(project)
        self._matcher = rules.matcher(self.trackers)
        self.rules = [rule.facts for rule in self._matcher.rules]
        """In the order in which they are tried."""
        self._names = json.dumps({rule.id: rule.name for rule in self.rules})
        self._params = {
            "rules": array(rule.id for rule in self.rules),
            "trackers": array(tracker.pk for tracker in self.trackers),
        }

    @property
    def entries(self) -> QuerySet[Any, Any]:
        """All work entries of the project."""
        return WorkEntry.objects.filter(tracker__in=self.trackers)

    def matches(self, first: Any, last: Any, only: Collection[UUID] | None = None) -> "Matches":
        """What the rules say of the entries from one id to another, or `only` of those among them."""
        matches = Matches()
        with connection.cursor() as cursor:
            limits = {"first": first, "last": last, "only": None if only is None else array(only)}
            cursor.execute(READ, {**self._params, **limits})
            while rows := cursor.fetchmany(ROWS):
                matches.add(rows, self._matcher.matches([row[6:] for row in rows]))
        return matches

    def write_params(self, matches: "Matches") -> dict[str, Any]:
        """For PLAN, BRIEF_PLAN and WRITE."""
        ids = [rule.id for rule in self.rules]
        return {
            **self._params,
            "project": self.project.pk,
            "names": self._names,
            "ids": array(row[0] for row, _ in matches.changed),
            "versions": array(row[1] for row, _ in matches.changed),
            "actions": array("unchanged" if row[2:4] == match[:2] else "updated" for row, match in matches.changed),
            "tasks": array(task for _, (task, *_) in matches.changed),
            "matched_by": array(None if rule is None else ids[rule] for _, (_, rule, *_) in matches.changed),
            "looked_for": text_array(looked_for for _, (*_, looked_for, _) in matches.changed),
            "missed": text_array(array(keys) if keys else None for _, (*_, keys) in matches.changed),
            "before": array(map(_rule_before, (row for row, _ in matches.changed))),
        }

    def stored(self) -> Counter[int | None]:
        """How many entries each rule has matched, by the rule's place; None: those that are not matched."""
        found = EntryMatch.objects.filter(project=self.project).exclude(matched_by=None)
        numbers = {str(rule): number for rule, number in found.values_list("matched_by").annotate(Count("pk"))}
        return self.figures({**numbers, "": self.entries.count() - sum(numbers.values())})

    def sweep(self) -> None:
        """Drop the matches of entries that are gone."""
        with connection.cursor() as cursor:
            cursor.execute(SWEEP, [self.project.pk])

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
        """Those of which something else is stored. The others need not be held in memory."""

    def add(self, rows: Sequence[Row], found: Sequence[Match]) -> None:
        """Take some more."""
        self.changed += [(row, match) for row, match in zip(rows, found, strict=True) if row[2:6] != match]
