"""What two releases of a table differ in, as the public sees it: rows, totals, movers, blanks, tolerances, the change file."""

from __future__ import annotations

import csv
import io

import pytest

from include.opendata.changes import (
    Side,
    TableFacts,
    change_header,
    change_rows,
    check_tolerances,
    compare_tables,
)
from include.opendata.declaration.refreshing import Tolerance
from include.opendata.errors import StorageError

TYPES = {"County": "string", "Year": "string", "Persons": "integer", "Persons_annotation": "string"}
FACTS = TableFacts({"County": "State", "Year": "Ever"}, {"Persons": True})


def side(text, types=None, key=("County", "Year")):
    types = TYPES if types is None else types
    lines = "\n".join([",".join(types), *text.split()]) + "\n"
    return Side.of("t", lines.encode(), types, key)


OLD = side("A,2020,100, B,2020,,1 C,2020,,2 State,2020,150, A,Ever,100, State,Ever,150,")
NEW = side("A,2020,130, B,2020,,1 C,2020,40, D,2020,0, State,2020,190, State,Ever,190,")


def test_rows_are_counted_by_key():
    rows = compare_tables(OLD, NEW, FACTS).rows
    assert (rows.old, rows.new, rows.added, rows.changed, rows.removed, rows.unchanged) == (6, 6, 1, 4, 1, 1)


def test_a_total_is_compared_where_there_is_one():
    (total,) = compare_tables(OLD, NEW, FACTS).totals
    assert (total.of, total.old, total.new, total.percent) == ("total row", 150, 190, 26.7)


def test_without_a_total_what_is_shown_is_added_up():
    facts = TableFacts({"County": "State"}, {"Persons": True})
    (total,) = compare_tables(
        side("State,2020,150, State,2021,,1"), side("State,2020,150, State,2021,20,"), facts
    ).totals
    assert (total.of, total.old, total.new) == ("what is shown", 150, 170)


def test_a_blank_figure_is_no_mover():
    movers = compare_tables(OLD, NEW, FACTS).movers
    assert [(m.row["County"], m.old, m.new, m.percent) for m in movers] == [("A", 100, 130, 30.0)]


def test_newly_hidden_and_newly_shown_cells_are_counted():
    (hidden,) = compare_tables(OLD, NEW, FACTS).hidden
    assert (hidden.old, hidden.new, hidden.newly_hidden, hidden.newly_shown) == (2, 1, 0, 1)
    (turned,) = compare_tables(NEW, OLD, FACTS).hidden
    assert (turned.newly_hidden, turned.newly_shown) == (1, 0)


def test_a_blank_without_a_code_is_not_hidden():
    (hidden,) = compare_tables(side("A,2020,1,"), side("A,2020,,"), FACTS).hidden
    assert hidden.newly_hidden == 0


def test_columns_that_came_went_or_changed_their_type_are_told():
    types = {
        "County": "string",
        "Year": "string",
        "Persons": "number",
        "Persons_annotation": "string",
        "Rate": "number",
    }
    found = compare_tables(OLD, side("A,2020,100.5,,1", types), FACTS).columns
    assert (found.added, found.removed) == (("Rate",), ())
    assert [(c.column, c.was, c.is_) for c in found.retyped] == [("Persons", "integer", "number")]


def test_rows_named_by_other_columns_are_not_compared():
    types = {"County": "string", "Persons": "integer", "Persons_annotation": "string"}
    found = compare_tables(OLD, side("A,100,", types, ["County"]), FACTS)
    assert (found.status, found.rows.added, found.movers, found.columns.key_changed) == (
        "not comparable",
        None,
        (),
        True,
    )


def test_a_table_may_be_new_or_gone():
    assert (compare_tables(None, NEW, FACTS).status, compare_tables(OLD, None, FACTS).status) == ("new", "gone")


def applied(old, rows, header):
    """What somebody has who keeps a copy and puts the change file in by key."""
    columns = list(old.types)
    kept = {tuple(row[:2]): row for row in old.rows.to_numpy().tolist()}
    for row in rows:
        one = dict(zip(header, row, strict=True))
        key = (one["County"], one["Year"])
        if one["_change"] == "removed":
            del kept[key]
        else:
            assert (one["_change"] == "added") == (key not in kept)
            kept[key] = [one[c] for c in columns]
    return sorted(map(tuple, kept.values()))


def test_whoever_puts_the_change_file_into_a_copy_has_the_new_table():
    header = change_header(NEW, FACTS)
    rows = list(change_rows(OLD, NEW, FACTS))
    assert applied(OLD, rows, header) == sorted(map(tuple, NEW.rows.to_numpy().tolist()))
    assert [row[0] for row in rows] == ["changed", "changed", "added", "changed", "changed", "removed"]


def test_the_change_file_tells_what_a_figure_was_as_far_as_it_was_published():
    header = change_header(NEW, FACTS)
    rows = {tuple(row[1:3]): dict(zip(header, row, strict=True)) for row in change_rows(OLD, NEW, FACTS)}
    assert (rows["A", "2020"]["_before_Persons"], rows["A", "2020"]["Persons"]) == ("100", "130")
    assert rows["C", "2020"]["_before_Persons"] == ""
    assert (rows["A", "Ever"]["_before_Persons"], rows["A", "Ever"]["Persons"]) == ("100", "")


def test_the_same_sides_have_no_changes():
    assert list(change_rows(OLD, OLD, FACTS)) == []
    found = compare_tables(OLD, OLD, FACTS)
    assert (found.rows.changed, found.movers, found.totals[0].percent) == (0, (), 0.0)


def tolerated(old, new, **rule):
    (result,) = check_tolerances(old, new, [Tolerance.model_validate(rule)], FACTS)
    return result


def test_a_figure_that_moves_as_far_as_the_tolerance_is_beyond_it():
    assert tolerated(OLD, NEW, measure="Persons", moves_less_than="26.7%").beyond == 0
    found = tolerated(OLD, NEW, measure="Persons", by=["County", "Year"], moves_less_than="30%")
    assert (found.beyond, found.where, found.not_compared) == (1, ("A, 2020",), 2)
    assert tolerated(OLD, NEW, measure="Persons", by=["County", "Year"], moves_less_than="30.1%").beyond == 0


def test_a_figure_whose_category_is_gone_moved_by_all_it_was():
    found = tolerated(OLD, NEW, measure="Persons", by="County", moves_less_than="99%")
    assert found.where == ("A",)


def test_a_figure_that_rose_from_zero_moved_too_far():
    zero, some = side("State,Ever,0,"), side("State,Ever,3000,")
    assert tolerated(zero, some, measure="Persons", moves_less_than="500%").beyond == 1
    assert tolerated(zero, zero, measure="Persons", moves_less_than="500%").beyond == 0


def test_the_number_of_rows_has_a_tolerance_of_its_own():
    assert tolerated(OLD, NEW, rows_move_less_than="10%").beyond == 0
    found = tolerated(OLD, side("A,2020,100,"), rows_move_less_than="80%")
    assert (found.beyond, found.where) == (1, ("number of rows",))


@pytest.mark.parametrize(
    "rule",
    [
        {"measure": "Persons"},
        {"moves_less_than": "3%"},
        {"measure": "Persons", "moves_less_than": "30"},
        {"measure": "Persons", "moves_less_than": "3%", "rows_move_less_than": "3%"},
        {"rows_move_less_than": "3%", "by": ["County"]},
    ],
)
def test_a_tolerance_asks_one_question_and_has_its_percent_sign(rule):
    with pytest.raises(ValueError):
        Tolerance.model_validate(rule)


def test_a_file_with_other_columns_than_its_release_says_is_no_side():
    with pytest.raises(StorageError):
        Side.of("t", b"County,Persons\nA,1\n", TYPES, ("County", "Year"))


def test_labels_are_read_to_the_letter():
    types = {"County": "string", "Persons": "integer", "Persons_annotation": "string"}
    text = 'County,Persons,Persons_annotation\nNA,5,\n"a, ""b""",6,\n007,7,\n'
    rows = Side.of("t", text.encode(), types, ("County",)).rows
    assert rows["County"].tolist() == [line[0] for line in list(csv.reader(io.StringIO(text)))[1:]]
