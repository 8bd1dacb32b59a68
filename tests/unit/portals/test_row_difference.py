"""Which rows of the DataStore are not those of the file."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.opendata.portals.ckan.rows import chunks, file_rows, row_difference
from include.opendata.storage.published_csv import count_rows

COLUMNS = ("place", "year", "count", "note")


def write(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return path


def difference(folder, wanted, held, key=("place", "year")):
    (folder / "work").mkdir()
    rows = [[str(n), *row] for n, row in enumerate(held, 1)]
    return row_difference(
        write(folder / "wanted.csv", COLUMNS, wanted),
        write(folder / "held.csv", ["_id", *COLUMNS], rows),
        COLUMNS,
        key,
        folder / "work",
    )


def test_added_changed_and_vanished_rows_are_told_apart(tmp_path):
    held = [("a", "1", "5", ""), ("b", "1", "6", ""), ("c", "1", "7", "")]
    found = difference(tmp_path, [("b", "1", "6", ""), ("c", "1", "8", ""), ("d", "1", "9", "")], held)
    assert (found.added, found.changed, found.removed) == (1, 1, 1)
    assert list(found.added_rows()) == [{"place": "d", "year": "1", "count": "9", "note": None}]
    assert list(found.changed_rows()) == [{"place": "c", "year": "1", "count": "8", "note": None}]
    assert list(found.removed_ids()) == [1]


def test_the_same_rows_in_another_order_are_no_difference(tmp_path):
    rows = [("a", "1", "5", ""), ("b, the second", "1", "", "1"), ('c "x"', "2", "0", "")]
    assert difference(tmp_path, rows, rows[::-1]).is_empty


def test_a_blank_and_a_zero_differ(tmp_path):
    found = difference(tmp_path, [("a", "1", "", "1")], [("a", "1", "0", "1")])
    assert list(found.changed_rows()) == [{"place": "a", "year": "1", "count": None, "note": "1"}]


def test_leading_zeros_and_decimals_count(tmp_path):
    found = difference(tmp_path, [("01", "1", "1.50", "")], [("1", "1", "1.50", ""), ("01", "1", "1.5", "")])
    assert (found.added, found.changed, found.removed) == (0, 1, 1)


def test_of_a_row_that_is_there_twice_the_second_goes(tmp_path):
    found = difference(tmp_path, [("a", "1", "5", "")], [("a", "1", "5", ""), ("a", "1", "5", "")])
    assert (found.added, found.changed, list(found.removed_ids())) == (0, 0, [2])


def test_without_a_key_rows_are_compared_whole(tmp_path):
    found = difference(tmp_path, [("a", "1", "6", "")], [("a", "1", "5", "")], key=())
    assert (found.added, found.changed, found.removed) == (1, 0, 1)


WORDS = st.text(alphabet='ab,"\n 0é', min_size=1, max_size=3)
TABLES = st.dictionaries(
    st.tuples(WORDS, WORDS), st.tuples(st.sampled_from(["", "0", "1.5", "12"]), st.sampled_from(["", "1"])), max_size=6
)


@settings(max_examples=40, deadline=None)
@given(wanted=TABLES, held=TABLES)
def test_doing_what_is_told_leads_to_the_file(tmp_path_factory, wanted, held):
    listed = [[*key, *values] for key, values in held.items()]
    found = difference(tmp_path_factory.mktemp("rows"), [[*k, *v] for k, v in wanted.items()], listed)
    table = dict(enumerate(listed, 1))
    for number in found.removed_ids():
        del table[number]
    reached = {tuple(row[:2]): tuple(row[2:]) for row in table.values()}
    for row in (*found.added_rows(), *found.changed_rows()):
        place, year, *rest = (value or "" for value in row.values())
        reached[place, year] = tuple(rest)
    assert reached == wanted
    kept = {key: values for key, values in wanted.items() if held.get(key) == values}
    assert found.added + found.changed == len(wanted) - len(kept), "nothing is sent that is there already"


def test_rows_are_read_as_they_will_be_sent(tmp_path):
    path = write(tmp_path / "x.csv", COLUMNS, [("a", "1", "", ""), ("b\nc", "2", "0", "1")])
    assert count_rows(path) == 2
    assert [row["count"] for row in file_rows(path)] == [None, "0"]


@pytest.mark.parametrize(("rows", "sizes"), [(0, []), (3, [3]), (4, [3, 1]), (6, [3, 3])])
def test_requests_have_a_bounded_size(rows, sizes):
    assert [len(piece) for piece in chunks([{} for _ in range(rows)], 3)] == sizes
