"""Work at any times, on small pages: nothing is missed, and it comes to an end."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from backend.tracking import connectors
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.source import Connector, Source
from backend.tracking.connectors.spans import START
from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.locations import EXAMPLES, parsed

CAP = 3
"""Entries on a page."""
DATE = "Fri, 26 Oct 2040 12:00:00 GMT"
"""Later than here, so that years end where the tests say, whenever they run."""
AUTUMN = datetime(2025, 10, 26, 1, tzinfo=UTC)
"""When clocks go back in Europe."""
HALF_AN_HOUR = 1800

STARTS = st.lists(
    st.integers(-12, 12).map(lambda number: AUTUMN + timedelta(seconds=number * HALF_AN_HOUR))
    | st.datetimes(datetime(2015, 1, 1), datetime(2025, 11, 20), timezones=st.just(UTC)).map(  # noqa: DTZ001
        lambda start: start.replace(microsecond=0)
    ),
    max_size=15,
)

NIGHT = [AUTUMN + timedelta(minutes=20 * number) for number in range(-72, 24)]
AT_ONCE = [AUTUMN] * 7
LONG_AGO = [START, datetime(1985, 5, 1, tzinfo=UTC)]
DAYS = [datetime(2024, 11, 26, tzinfo=UTC) + timedelta(hours=6 * number) for number in range(30)]
"""Around the end of a year, counted back from 30 days after that."""
BERLIN = ZoneInfo("Europe/Berlin")

Handler = Callable[[httpx2.Request], httpx2.Response]


def connected(kind: ApiKind, handler: Handler) -> AbstractContextManager[Connector]:
    # At another host than the vendor's, where nothing is paced.
    location = EXAMPLES[kind].replace("my.clockodo.com", "c.example").replace("track.toggl.com", "t.example")
    source = Source(kind, parsed(kind, location), SecretStr("token"), "ada@example.com")
    return connectors.connect(source, Network(transport=httpx2.MockTransport(handler)))


def read(kind: ApiKind, handler: Handler, starts: list[datetime]) -> None:
    """Read everything, and from every position that there is on the way."""
    everything = {str(number) for number in range(len(starts))}
    with connected(kind, handler) as connector:
        pages = [*connector.pages("")]
        assert {record.external_id for page in pages for record in page.records} == everything
        for place in range(0, len(pages), max(1, len(pages) // 3)):
            before, position = pages[: place + 1], pages[place].position
            after = [*connector.pages(position)]
            assert {record.external_id for page in [*before, *after] for record in page.records} == everything


def replied(content: Any, **headers: Any) -> httpx2.Response:
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return httpx2.Response(200, json=content, headers=named | {"Date": DATE})


class Kimai:
    """Takes a time that the clocks show twice for the first or the second of them; may not tell where they are."""

    def __init__(self, starts: list[datetime], zone: ZoneInfo, fold: int, *, tells: bool = True) -> None:
        self._starts, self._zone, self._fold, self._tells = starts, zone, fold, tells
        self.requests = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests += 1
        query = request.url.params
        if not request.url.path.endswith("/timesheets"):
            return replied({"id": 123, "name": "Webshop", "timezone": self._zone.key if self._tells else None})
        begin, end = self._time(query["begin"]), self._time(query.get("end", "2100-01-01T00:00:00"))
        found = sorted((start, number) for number, start in enumerate(self._starts) if begin <= start <= end)
        page, pages = int(query["page"]), max(1, ceil(len(found) / CAP))
        if "modified_after" in query or page > pages:
            return replied([], X_Total_Pages=1, X_Total_Count=0)
        sent = [self._entry(number, start) for start, number in found[(page - 1) * CAP : page * CAP]]
        return replied(sent, X_Total_Pages=pages, X_Total_Count=len(found))

    def _time(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=self._zone, fold=self._fold).astimezone(UTC)

    def _entry(self, number: int, start: datetime) -> dict[str, Any]:
        named = {"id": 1, "name": ""}
        project = {"id": 123, "customer": named}
        entry = {"id": number, "begin": start.astimezone(self._zone).isoformat(), "end": None}
        return entry | {"activity": named, "project": project, "user": {"id": 1, "username": "ada"}}


@settings(max_examples=10, deadline=None)
@given(
    starts=STARTS,
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]).map(ZoneInfo),
    fold=st.integers(0, 1),
)
@example(starts=NIGHT, zone=BERLIN, fold=0)
@example(starts=NIGHT, zone=BERLIN, fold=1)
@example(starts=AT_ONCE, zone=BERLIN, fold=0)
@example(starts=LONG_AGO, zone=BERLIN, fold=0)
def test_kimai_misses_nothing_and_ends(starts: list[datetime], zone: ZoneInfo, fold: int) -> None:
    server = Kimai(starts, zone, fold)
    with connected(ApiKind.KIMAI, server) as connector:
        [*connector.pages("")]
    assert server.requests <= 5 + 5 * len(starts)
    read(ApiKind.KIMAI, server, starts)


@settings(max_examples=10, deadline=None)
@given(
    starts=STARTS,
    zone=st.sampled_from(["Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+12"]).map(ZoneInfo),
    fold=st.integers(0, 1),
)
@example(starts=DAYS, zone=ZoneInfo("Pacific/Kiritimati"), fold=0)
@example(starts=AT_ONCE, zone=ZoneInfo("Etc/GMT+12"), fold=0)
def test_kimai_misses_nothing_when_it_does_not_tell_the_zone(starts: list[datetime], zone: ZoneInfo, fold: int) -> None:
    read(ApiKind.KIMAI, Kimai(starts, zone, fold, tells=False), starts)


def clockodo(starts: list[datetime], belongs: str, long: timedelta) -> Handler:
    """Entries belong to a range by their start, by any part of them, or with all of them."""
    rules: dict[str, Callable[[datetime, datetime, datetime], bool]] = {
        "start": lambda start, since, until: since <= start < until,
        "part": lambda start, since, until: start < until and start + long > since,
        "all": lambda start, since, until: since <= start and start + long <= until,
    }

    def handler(request: httpx2.Request) -> httpx2.Response:
        if "/projects/" in request.url.path:
            return replied({"data": {"id": 123, "name": "Webshop"}})
        query = request.url.params
        since, until = (datetime.fromisoformat(query[name]) for name in ("time_since", "time_until"))
        found = [number for number, start in enumerate(starts) if rules[belongs](start, since, until)]
        page = int(query["page"])
        entries = [
            {"id": number, "type": 1, "users_id": 1, "time_since": starts[number].isoformat(), "duration": None}
            for number in found[(page - 1) * CAP : page * CAP]
        ]
        return replied({"paging": {"count_pages": ceil(len(found) / CAP)}, "entries": entries})

    return handler


@settings(max_examples=10, deadline=None)
@given(
    starts=STARTS,
    belongs=st.sampled_from(["start", "part", "all"]),
    long=st.integers(1, 72).map(lambda number: timedelta(hours=number)),
)
@example(starts=AT_ONCE, belongs="all", long=timedelta(hours=2))
@example(starts=LONG_AGO, belongs="all", long=timedelta(hours=2))
@example(starts=DAYS, belongs="all", long=timedelta(hours=72))
def test_clockodo_misses_nothing_and_ends(starts: list[datetime], belongs: str, long: timedelta) -> None:
    read(ApiKind.CLOCKODO, clockodo(starts, belongs, long), starts)


def toggl(starts: list[datetime], zone: ZoneInfo) -> Handler:
    def handler(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return replied({"id": 7654321, "name": "Webshop"})
        body = json.loads(request.content)
        first, last = date.fromisoformat(body["start_date"]), date.fromisoformat(body["end_date"])
        assert first <= last <= first + timedelta(days=364)
        order = sorted(((start, number) for number, start in enumerate(starts)), reverse=True)
        found = [pair for pair in order if first <= pair[0].astimezone(zone).date() <= last]
        begin = body.get("first_row_number", 1) - 1
        groups = [
            {"user_id": 1, "time_entries": [{"id": number, "seconds": 9, "start": start.astimezone(zone).isoformat()}]}
            for start, number in found[begin : begin + CAP]
        ]
        more = {"X_Next_ID": 7, "X_Next_Row_Number": begin + CAP + 1} if begin + CAP < len(found) else {}
        return replied(groups, **more)

    return handler


@settings(max_examples=10, deadline=None)
@given(
    starts=STARTS,
    zone=st.sampled_from(["Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+12"]).map(ZoneInfo),
)
@example(starts=DAYS, zone=BERLIN)
@example(starts=DAYS, zone=ZoneInfo("Etc/GMT+12"))
def test_toggl_misses_nothing_and_ends(starts: list[datetime], zone: ZoneInfo) -> None:
    read(ApiKind.TOGGL, toggl(starts, zone), starts)
