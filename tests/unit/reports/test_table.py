"""Tables that fit a terminal."""

from backend.reports.kernel import table

COLUMNS = ("title", "finished_at", "worked_hours")
ROWS = [("x" * 40, "2026-03-29 10:30", "1234.50"), ("short", "", "2.00")]


def test_what_fits_is_left_as_it_is() -> None:
    assert table.rendered(COLUMNS, ROWS, width=None).splitlines()[0].split() == [*COLUMNS]


def test_headings_take_several_lines_before_texts_are_cut_and_numbers_stay_whole() -> None:
    lines = table.rendered(COLUMNS, ROWS, width=46).splitlines()
    assert [line.split() for line in lines[:2]] == [["finished", "worked"], ["title", "at", "hours"]]
    assert lines[3] == f"{'x' * 18}…  2026-03-29 10:30  1234.50"
    assert max(map(len, lines)) == 46


def test_on_a_very_narrow_terminal_everything_is_cut() -> None:
    assert table.rendered(COLUMNS, ROWS, width=22).splitlines()[-1] == "short             2.00"
