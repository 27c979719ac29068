"""The tasks that names lead to: by what they are called now, else by what they were called before."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import connection

from backend.tracking.kernel import locations
from backend.tracking.kernel.kinds import ApiKind, NameKind
from backend.tracking.kernel.locations import LocationError
from backend.tracking.kernel.matching import Found
from backend.tracking.kernel.names import NUMBERED, Keys, ProjectNames, addresses, folded, page
from backend.tracking.kernel.rules import TaskKey
from backend.tracking.models import Tracker
from backend.tracking.services.arrays import array
from backend.tracking.services.moves import successors

WANTED = "jsonb_to_recordset(%(wanted)s::jsonb) AS wanted (name text, key text, is_exact boolean, place int)"
BY_CODE = f"""
    SELECT DISTINCT ON (wanted.name) wanted.name, task.id::text
    FROM {WANTED}
    JOIN tracking_task AS task
        ON task.tracker_id = ANY(%(trackers)s::uuid[]) AND lower(task.code COLLATE "C") = wanted.key
    WHERE task.code = wanted.name OR (task.external_id <> '' AND NOT wanted.is_exact)
    ORDER BY wanted.name, task.code <> wanted.name, wanted.place, task.external_id <> '', task.id
"""  # noqa: S608 - made of constants
"""Of two tasks of one code, the one whose code is written so, then the one declared by hand, then the older."""
BY_URL = f"""
    SELECT DISTINCT ON (wanted.name) wanted.name, task.id::text
    FROM {WANTED}
    JOIN tracking_task AS task
        ON task.tracker_id = ANY(%(trackers)s::uuid[]) AND task.url_key = wanted.key AND task.url_key <> ''
    ORDER BY wanted.name, task.url <> wanted.name, wanted.place, task.id
"""  # noqa: S608
"""That no key is empty is said for the sake of the index, which has no empty ones."""
BY_FORMER_NAME = f"""
    SELECT DISTINCT ON (wanted.name) wanted.name, former.task_id::text
    FROM {WANTED}
    JOIN tracking_formername AS former
        ON former.tracker_id = ANY(%(trackers)s::uuid[]) AND former.kind = %(kind)s AND former.key = wanted.key
    ORDER BY wanted.name, wanted.place, former.lost_at DESC, former.text <> wanted.name, former.task_id
"""  # noqa: S608
"""Of several that were called so, the one that was last."""
BY_EXTERNAL_ID = """
    SELECT external_id, id::text FROM tracking_task
    WHERE tracker_id = %s AND external_id = ANY(%s) AND external_id <> ''
"""
CURRENT = {NameKind.CODE: BY_CODE, NameKind.URL: BY_URL}


class NamedTasks:
    """The tasks of the trackers of a project."""

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        self._names = {str(tracker.pk): project_names(tracker) for tracker in trackers}
        self._successors = successors(trackers)

    def look_up(self, key: TaskKey, tracker_id: str, values: Collection[str]) -> dict[str, Found]:
        """The task that each of these values leads to by a key, and for the rules of a tracker.

        Values that lead to none are absent.
        """
        return self._followed(self._looked_up(key, tracker_id, values))

    def keys(self, key: TaskKey, tracker_id: str, value: str) -> set[str]:
        """All that the tasks are known by, as it is compared, to which the value may lead for the tracker's rules."""
        if key is TaskKey.EXTERNAL_ID:
            return {value}
        kind = NameKind.CODE if key is TaskKey.CODE else NameKind.URL
        names = [value] if kind is NameKind.CODE else addresses(value) or [value]
        found = [self._keys(kind, tracker_id, name) for name in names]
        exact = [folded(value)] if kind is NameKind.CODE else []
        return {*exact, *(key for keys in found for key in (*keys.own, *keys.others))}

    def alternatives(self, keys: Collection[str]) -> set[str]:
        """These keys, and all others by which a name that leads to one of them may be looked up as well."""
        found = (
            names
            for key in keys
            for each in self._names.values()
            for names in (each.code_keys(key), each.url_keys(key))
        )
        return {*keys, *(key for names in found for key in (*names.own, *names.others))}

    def _followed(self, found: Mapping[str, Found]) -> dict[str, Found]:
        """What was found, and of tasks that go on as another one that one."""
        last = self._successors
        return {
            value: each._replace(task=last[each.task], is_former=True) if each.task in last else each
            for value, each in found.items()
        }

    def _looked_up(self, key: TaskKey, tracker_id: str, values: Collection[str]) -> dict[str, Found]:
        if key is TaskKey.EXTERNAL_ID:
            with connection.cursor() as cursor:
                cursor.execute(BY_EXTERNAL_ID, [tracker_id, list(values)])
                return {value: Found(task, value) for value, task in cursor.fetchall()}
        if key is TaskKey.CODE:
            return self._named(NameKind.CODE, tracker_id, values)
        return self._addressed(tracker_id, values)

    def _addressed(self, tracker_id: str, values: Collection[str]) -> dict[str, Found]:
        """By the first address in a value that leads to a task."""
        asked = {value: addresses(value) or [value] for value in values}
        found = self._named(NameKind.URL, tracker_id, {address for each in asked.values() for address in each})
        first = {value: next((found[each] for each in asked[value] if each in found), None) for value in asked}
        return {value: task for value, task in first.items() if task is not None}

    def _named(self, kind: NameKind, tracker_id: str, names: Collection[str]) -> dict[str, Found]:
        """By what tasks are called now, else by what they or their project were called before."""
        keys = {name: self._keys(kind, tracker_id, name) for name in names}
        wanted = [(name, key, False) for name in names for key in keys[name].own]
        if kind is NameKind.CODE:
            wanted += [(name, code, True) for name in names if (code := folded(name)) not in keys[name].own]
        found = {name: Found(task, name) for name, task in _rows(CURRENT[kind], [tracker_id], wanted)}
        former = self._formerly(kind, tracker_id, {name: keys[name] for name in names if name not in found})
        # What the project was called before may be in what is stored of a task, until that is read again.
        doubtful = former.keys() | {name for name in found if keys[name].is_former}
        elsewhere = self._elsewhere(kind, tracker_id, {name: keys[name] for name in doubtful})
        return {name: task for name, task in {**found, **former}.items() if name not in elsewhere}

    def _formerly(self, kind: NameKind, tracker_id: str, keys: Mapping[str, Keys]) -> dict[str, Found]:
        others = [(name, key, False) for name, each in keys.items() for key in each.others]
        every = [(name, key, False) for name, each in keys.items() for key in (*each.own, *each.others)]
        renamed = {
            name: Found(task, name, is_former=keys[name].is_former)
            for name, task in _rows(CURRENT[kind], [tracker_id], others)
        }
        former = _rows(BY_FORMER_NAME, [tracker_id], every, kind=kind)
        return {name: Found(task, name, is_former=True) for name, task in former} | renamed

    def _elsewhere(self, kind: NameKind, tracker_id: str, keys: Mapping[str, Keys]) -> set[str]:
        """Those names that a task of another tracker of the project has by now; `#12` is another one everywhere."""
        if kind is NameKind.CODE and self._names[tracker_id].kind in NUMBERED:
            return set()
        wanted = [(name, key, False) for name, each in keys.items() for key in each.own]
        return {name for name, _ in _rows(CURRENT[kind], self._names.keys() - {tracker_id}, wanted)}

    def _keys(self, kind: NameKind, tracker_id: str, name: str) -> Keys:
        names = self._names[tracker_id]
        return names.code_keys(name) if kind is NameKind.CODE else names.url_keys(name)


def _rows(
    statement: str, trackers: Iterable[str], wanted: Sequence[tuple[str, str, bool]], **params: str
) -> list[tuple[str, str]]:
    if not wanted:
        return []
    rows = [
        {"name": name, "key": key, "is_exact": is_exact, "place": place}
        for place, (name, key, is_exact) in enumerate(wanted)
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, {"trackers": array(trackers), "wanted": json.dumps(rows), **params})
        return list(cursor.fetchall())


def project_names(tracker: Tracker) -> ProjectNames:
    """What the project of a tracker is called there; by its location alone, before it was ever read."""
    if not tracker.api_kind:
        return ProjectNames(None)
    kind = ApiKind(tracker.api_kind)
    return ProjectNames(kind, tracker.pages or _located(kind, tracker.api_location))


def _located(kind: ApiKind, location: str) -> list[str]:
    try:
        place = locations.parsed(kind, location)
    except LocationError:
        return []
    return [page(kind, place.web_url, place.name)]
