"""A tracker's tasks or work entries: downloaded, compared with what is stored, and written page by page."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from time import monotonic
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.module_loading import import_string

from backend.tracking import connectors
from backend.tracking.connectors.source import Connector, Locator, Source
from backend.tracking.kernel import downloads, locations
from backend.tracking.kernel import moves as kernel
from backend.tracking.kernel.downloads import Entry
from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.moves import Absence, Missed, Whereabouts
from backend.tracking.kernel.records import Record, RecordPage
from backend.tracking.models import EntryMatch, Project, SeenRecord, Task, Tracker, WorkEntry
from backend.tracking.services import former_names, moves, people, task_rows, work_rows
from backend.tracking.services.arrays import texts
from upkeep.operations.plans import Change
from upkeep.remote.errors import RemoteError, RemoteRejectedError
from upkeep.remote.prefetching import prefetched

SEE = """
    INSERT INTO tracking_seenrecord (tracker_id, run_id, external_id) SELECT %s, %s, unnest(%s::text[])
    ON CONFLICT DO NOTHING
"""
SOURCE = ("api_kind", "api_location", "custom_assignee_fields", "task_fields", "merge_requests")
"""What decides on the records that a tracker brings."""
PAGE = 1000
GROUP_RECORDS = 1000
GROUP_SECONDS = 0.5
Cursor = int | str | None


class Download:
    """What a run reads from one tracker: what changed since it was last read, or with `full` everything.

    A full one notes what it meets, and so finds what is gone: in the database, since memory must not grow with
    the tracker; in a dry run, which writes nothing, in memory after all.
    """

    def __init__(self, tracker: Tracker, run_id: UUID, *, full: bool, dry_run: bool) -> None:
        self._tracker = tracker
        self._run_id = run_id
        self._full = full
        self._dry_run = dry_run
        self._met: set[str] | None = set() if full and dry_run else None
        self._siblings = moves.siblings(tracker)
        self._rows = work_rows if ApiKind(tracker.api_kind).brings_work else task_rows
        self._source = {name: getattr(tracker, name) for name in SOURCE}
        self._place = sha256(repr(self._source).encode()).hexdigest()[:8]

    def pages(self, connector: Connector, after: Cursor) -> Iterator[tuple[Sequence[Record], Cursor]]:
        """The records behind a position, that of an earlier download at first.

        Raises:
            RemoteError: what the connector raises; or a full download met nothing at all of what is stored.
        """
        position, began_at = self._start(after), timezone.now()
        for page in prefetched(grouped(fresh(connector.pages(position)))):
            position = page.position
            # What memory holds, a resumption lacks.
            yield page.records, f"{self._place} {position}" if self._met is None else None
        if not self._dry_run:
            self._reach(position)  # a last page without records was not written
        if self._full and not self.has_notes() and self._stored().exists():
            # That is rather a permission that is gone than a tracker that was emptied.
            raise RemoteRejectedError(
                f"{self._tracker.name} brought nothing at all, so nothing was removed: check what its token may read"
            )
        if not self._dry_run:
            Tracker.objects.filter(pk=self._tracker.pk).update(downloaded_at=began_at)

    def _start(self, after: Cursor) -> str:
        """The position of a cursor, which is of no use when the tracker is read from another place by now."""
        place, _, position = str(after or "").partition(" ")
        is_here = place == self._place
        if not self._full:
            return position if is_here else self._tracker.position
        if is_here and self.has_notes():
            return position
        self.forget()
        return ""

    def plan(self, records: Sequence[Record]) -> list[Change]:
        """What becomes of these records."""
        external_ids = {record.external_id for record in records}
        if self._met is not None:
            self._met |= external_ids
        return downloads.plan(records, self._rows.stored(self._tracker, external_ids, self._siblings))

    def write(self, changes: Sequence[Change], *, cursor: Cursor) -> None:
        """Write the changed records, the people of all of them, and how far the download is."""
        entries: list[Entry] = [change.payload for change in changes]
        known = people.known(self._tracker, [person for entry in entries for person in entry.people])
        changed = [entry for entry in entries if entry.values is not None]
        if changed:
            self._rows.write(self._tracker, changed, known)
        if self._full:
            with connection.cursor() as statement:
                statement.execute(SEE, [self._tracker.pk, self._run_id, [entry.external_id for entry in entries]])
        self._reach(str(cursor).partition(" ")[2])

    def has_notes(self) -> bool:
        """Whether it noted what it met, and that is not done with."""
        return bool(self._met) if self._met is not None else self._notes().exists()

    def doubt(self) -> str:
        """Why what it did not meet may be there all the same; empty when it is gone."""
        if "" in self._met if self._met is not None else self._notes().filter(external_id="").exists():
            return "some records have an id that is not understood"
        if self.brings_work and self._met_one_person():
            return "only one person's work came, and that of others is stored: can the token see everybody's?"
        return ""

    def _met_one_person(self) -> bool:
        """Whether it met the work of one person alone, though work of others is stored.

        Kimai leaves out all others without a word when the token loses the permission `view_other_timesheet`.
        """
        work = self._stored().filter(external_user__isnull=False).order_by()
        met = work.filter(self._is_met()).values_list("external_user", flat=True).distinct()[:2]
        return len(met) == 1 and work.exclude(external_user=met[0]).exists()

    @property
    def brings_work(self) -> bool:
        """Whether it is of work entries, which never move under another id."""
        return self._rows is work_rows

    @property
    def number(self) -> int:
        """How many records are stored."""
        return self._stored().count()

    @property
    def number_missed(self) -> int:
        """How many of them the full download that has ended did not meet."""
        return self._missed().count()

    def missed(self, after: Cursor) -> Iterator[tuple[Sequence[Missed], Cursor]]:
        """What is stored, and was not met by the full download that has ended."""
        rows = self._missed().order_by("pk")
        while page := list((rows if after is None else rows.filter(pk__gt=after))[:PAGE]):
            after = str(page[-1].pk)
            yield [missed_row(row) for row in page], after

    def farewell(self, missed: Sequence[Missed], connector: object) -> list[Change]:
        """What becomes of what was not met. Raises RemoteError.

        A connector that can tell is asked where each record is by now; else they are gone.
        """
        gone: list[Whereabouts] = [Absence.GONE] * len(missed)
        whereabouts = connector.whereabouts(missed) if isinstance(connector, Locator) else gone
        names = {name.lower() for sibling in self._siblings for name in moves.names_of(sibling)}
        return kernel.plan(missed, whereabouts, siblings=names, now=timezone.now())

    def remove(self, changes: Sequence[Change]) -> None:
        """Delete what is gone, and close what moved. Work matched with a task that goes is matched with none."""
        farewells = [change.payload for change in changes if change.payload]
        if self._rows is task_rows:
            moves.part(farewells)
        else:
            self._stored().filter(pk__in=[farewell.missed.pk for farewell in farewells]).delete()

    def forget(self) -> None:
        """Forget what any full download of the tracker met."""
        if self._met is None:
            SeenRecord.objects.filter(tracker=self._tracker).delete()

    def _reach(self, position: str) -> None:
        # Of another source, which it may have by now, the position says nothing.
        same = Tracker.objects.filter(pk=self._tracker.pk, **self._source)
        same.exclude(position=position).update(position=position)

    def _missed(self) -> QuerySet[Any, Any]:
        """Those that moved are not asked for again: they are closed, and what follows them is another record."""
        rows: QuerySet[Any, Any] = self._stored().exclude(self._is_met())
        if self.brings_work:
            return rows
        heirs = Task.objects.filter(tracker__in=self._siblings, external_id=OuterRef("external_id"))
        rows = rows.filter(moved_to="").annotate(has_work=Exists(EntryMatch.objects.filter(task=OuterRef("pk"))))
        annotated: QuerySet[Any, Any] = rows.annotate(heir=Subquery(heirs.values("pk")[:1]))
        return annotated

    def _is_met(self) -> Exists | Q:
        if self._met is None:
            return Exists(self._notes().filter(external_id=OuterRef("external_id")))
        return Q(external_id__in=texts(self._met))

    def _notes(self) -> QuerySet[SeenRecord]:
        return SeenRecord.objects.filter(tracker=self._tracker, run_id=self._run_id)

    def _stored(self) -> QuerySet[Any]:
        if self.brings_work:
            return WorkEntry.objects.filter(tracker=self._tracker)
        return Task.objects.filter(tracker=self._tracker).exclude(external_id="")


def missed_row(row: Any) -> Missed:
    """A row of a task, with what is asked about it, or of a work entry."""
    missed = Missed(row.pk, row.external_id, str(row))
    if isinstance(row, WorkEntry):
        return missed
    values = {name: getattr(row, name) for name in ("state", "moved_to", "estimate", "closed_at")}
    return replace(missed, code=row.code, url=row.url, has_work=row.has_work, heir=row.heir, values=values)


def fresh(pages: Iterable[RecordPage]) -> Iterator[RecordPage]:
    """The pages without the records with which each of them repeats the one before, so that nothing slips between."""
    before: dict[str, Record] = {}
    for page in pages:
        records = [record for record in page.records if record != before.get(record.external_id)]
        before = {record.external_id: record for record in page.records}
        yield RecordPage(tuple(records), page.position)


def grouped(pages: Iterable[RecordPage]) -> Iterator[RecordPage]:
    """The pages, small ones together, since a commit for each would take longer than the download.

    A page without records goes with those before it: alone, it would be no batch, and its position would not be kept.
    Raises RemoteError after everything that came before it.
    """
    group: list[RecordPage] = []
    since = monotonic()
    try:
        for page in pages:
            if page.records and _is_full(group, since):
                yield _together(group)
                group, since = [], monotonic()
            group.append(page)
    except RemoteError:
        if group:
            yield _together(group)
        raise
    if group:
        yield _together(group)


def _is_full(group: Sequence[RecordPage], since: float) -> bool:
    number = sum(len(page.records) for page in group)
    return number >= GROUP_RECORDS or (number > 0 and monotonic() - since > GROUP_SECONDS)


def _together(pages: Sequence[RecordPage]) -> RecordPage:
    return RecordPage(tuple(record for page in pages for record in page.records), pages[-1].position)


def trackers(projects: Sequence[Project]) -> list[Tracker]:
    """The trackers of these projects that have an API."""
    found = Tracker.objects.filter(project__in=projects).exclude(api_kind="")
    return list(found.select_related("project__organization").order_by("project__code", "place", "name"))


@contextmanager
def connected(tracker: Tracker, *, dry_run: bool) -> Iterator[Connector]:
    """Give access to a tracker until the end of the block.

    Raises:
        RemoteError: it refuses its token, hides its place, or cannot be reached.
        LocationError, UnreadableTokenError: what is stored of it is not fit to ask with.
    """
    from backend.tracking.connectors.network import Network  # noqa: PLC0415 - the HTTP client takes long to import

    kind = ApiKind(tracker.api_kind)
    place = locations.parsed(kind, tracker.api_location)
    source = Source(
        kind=kind,
        place=place,
        token=tracker.api_token,
        username=tracker.api_username.get_secret_value(),
        custom_assignee_fields=tuple(tracker.custom_assignee_fields),
        task_fields=tuple(tracker.task_fields),
        merge_requests=tracker.merge_requests,
    )
    network = Network(
        allow_http_hosts=settings.REMOTE_HTTP_HOSTS,
        proxy=settings.REMOTE_PROXY,
        redis_url=import_string(settings.REMOTE_REDIS_URL),
        cache=None if dry_run else caches["downloads"],  # a dry run writes no file
    )
    with connectors.connect(source, network) as connector:
        connector.check()
        if connector.project and not dry_run:
            former_names.keep_pages(tracker, place, connector.project)
        yield connector
