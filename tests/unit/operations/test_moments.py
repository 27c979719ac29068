from argparse import ArgumentTypeError
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.test import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from upkeep.operations.terminal.arguments import moment, positive, run_id


@pytest.mark.parametrize(
    ("text", "ago"),
    [("90m", timedelta(minutes=90)), ("12h", timedelta(hours=12)), ("7d", timedelta(days=7)), ("2w", timedelta(14))],
)
def test_a_span_counts_back_from_now(text: str, ago: timedelta) -> None:
    assert abs(timezone.now() - moment(text) - ago) < timedelta(seconds=5)


@override_settings(TIME_ZONE="Europe/Vienna")
def test_a_date_and_a_time_without_a_zone_are_those_of_the_settings() -> None:
    with timezone.override("Europe/Vienna"):
        assert moment("2026-11-27") == datetime(2026, 11, 26, 23, tzinfo=UTC)
        assert moment("2026-11-27T06:30") == datetime(2026, 11, 27, 5, 30, tzinfo=UTC)
        assert moment("2026-11-27 06:30Z") == datetime(2026, 11, 27, 6, 30, tzinfo=UTC)


@given(st.text(max_size=20))
def test_any_text_is_a_time_with_a_zone_or_refused(text: str) -> None:
    with suppress(ArgumentTypeError):  # anything else would be a traceback
        assert moment(text).tzinfo


@pytest.mark.parametrize("text", ["tomorrow", "7", "d", "-3d", "2026-02-30", "2026-13-01", "", "99999w"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a time"):
        moment(text)


@given(st.uuids())
def test_an_id_may_be_written_whole_or_by_its_first_digits(run: UUID) -> None:
    assert run_id(str(run)) == run_id(run.hex.upper()) == run
    assert run_id(str(run)[:8]) == run.hex[:8]
    assert run_id(str(run)[:13]) == run.hex[:12]


@pytest.mark.parametrize("text", ["", "1234567", "x" * 8, "0" * 33, "12345678%"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not the id of a run"):
        run_id(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "²", "many", "9" * 20])
def test_how_many_is_a_whole_number_above_0(text: str) -> None:
    assert positive("20") == 20
    with pytest.raises(ArgumentTypeError):
        positive(text)
