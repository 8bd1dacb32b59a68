"""The bytes of a published CSV file."""

from __future__ import annotations

import csv
from dataclasses import replace

import pandas as pd
import pytest

from include.opendata.declaration.formulas import runs_as_formula
from include.opendata.errors import Place, Refused
from include.opendata.release.formats.csv_files import csv_line, write_table_csv, write_text_csv
from include.opendata.vocabulary import ProtectedTable, Structure, TableDimension, TableMeasure
from tests.lib.small_release import homicides, typed


def _table(labels: list[str], counts: list[int | None], annotations: list[str] | None = None) -> ProtectedTable:
    structure = Structure(
        table="visits_by_group",
        dimensions=(TableDimension("Group", "grp", tuple(labels), None),),
        measures=(TableMeasure("Visits", "count", "count:records", True),),
    )
    marks = annotations or ["" if count is not None else "1" for count in counts]
    rows = [
        {"Group": label, "Visits": count, "Visits_annotation": mark}
        for label, count, mark in zip(labels, counts, marks, strict=True)
    ]
    return ProtectedTable(structure, "combined", typed(rows, structure), True, 0, 0, 0, len(rows), 11)


def _written(tmp_path, table: ProtectedTable) -> bytes:
    path = tmp_path / "table.csv"
    write_table_csv(path, table, dataset="visits")
    return path.read_bytes()


def test_a_zero_is_written_and_a_suppressed_value_is_empty(tmp_path):
    assert _written(tmp_path, _table(["A", "B"], [0, None])) == b"Group,Visits,Visits_annotation\nA,0,\nB,,1\n"


def test_codes_keep_their_leading_zeros_and_the_total_has_none(tmp_path):
    lines = _written(tmp_path, homicides()).decode().splitlines()
    assert lines[1].startswith("Alameda,001,1980,")
    assert lines[-1].startswith("California,,1984,")


def test_rates_have_exactly_the_declared_decimals(tmp_path):
    rows = list(csv.DictReader(_written(tmp_path, homicides()).decode().splitlines()))
    rates = [row["Rate_per_100000"] for row in rows if row["Rate_per_100000"]]
    assert "0.0" in rates
    assert all(len(rate.split(".")[1]) == 1 for rate in rates)


def test_large_counts_are_written_to_the_last_digit(tmp_path):
    assert b"A,9007199254740993,\n" in _written(tmp_path, _table(["A"], [9007199254740993]))


def test_labels_with_quotes_commas_line_feeds_and_other_alphabets_come_back_as_they_were(tmp_path):
    labels = ['say "ah"', "a, b", "two\nlines", "line\r", "Español, 中文, ≥ 65", " edge "]
    content = _written(tmp_path, _table(labels, [1] * 6)).decode("utf-8")
    assert [row[0] for row in csv.reader(content.splitlines(keepends=True))][1:] == labels


def test_the_file_has_no_byte_order_mark_and_ends_lines_with_lf_alone(tmp_path):
    content = _written(tmp_path, homicides())
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    assert content.endswith(b"\n")


def test_only_cells_that_need_quotes_have_them():
    assert csv_line(["a b", "a;b", "a,b", 'a"b', ""]) == 'a b,a;b,"a,b","a""b",\n'


@pytest.mark.parametrize(
    "text", ["=1+1", "+SUM(A1)", "-2+3", "@cmd", "\t=1", " =1", "＝1+1", "\rx", "-", "=HYPERLINK(1)"]
)
def test_what_a_spreadsheet_would_run_is_a_formula(text):
    assert runs_as_formula(text)


@pytest.mark.parametrize("text", ["", "18–25", "-5", "+1.5", "a=b", "65+", "0", "<11: blank", "− minus sign"])
def test_plain_text_and_signed_numbers_are_no_formulas(text):
    assert not runs_as_formula(text)


def test_a_label_that_runs_as_a_formula_is_refused_and_not_repeated(tmp_path):
    with pytest.raises(Refused) as refusal:
        _written(tmp_path, _table(["A", "=SECRET()"], [12, 13]))
    assert refusal.value.slug == "formula-cell"
    assert refusal.value.place.column == "Group"
    assert "SECRET" not in str(refusal.value)


def test_a_dictionary_cell_that_runs_as_a_formula_is_refused(tmp_path):
    with pytest.raises(Refused, match="formula"):
        write_text_csv(tmp_path / "d.csv", ("a", "b"), [("x", "=1")], place=Place("d", "t"))


@pytest.mark.parametrize("code", ["1", "2", "3", "4", "5"])
def test_a_value_that_its_annotation_calls_blank_is_refused(tmp_path, code):
    with pytest.raises(Refused) as refusal:
        _written(tmp_path, replace(_table(["A", "B"], [7, 20], [code, ""]), annotation="separate"))
    assert refusal.value.slug == "annotated-value-shown"


def test_a_column_too_many_is_refused(tmp_path):
    table = homicides()
    with pytest.raises(Refused) as refusal:
        _written(tmp_path, replace(table, frame=table.frame.assign(Name="x")))
    assert refusal.value.slug == "columns-differ"


def test_a_row_without_a_label_is_refused(tmp_path):
    table = _table(["A", "B"], [20, 30])
    frame = table.frame.copy()
    frame.loc[1, "Group"] = pd.NA
    with pytest.raises(Refused) as refusal:
        _written(tmp_path, replace(table, frame=frame))
    assert refusal.value.slug == "label-missing"


def test_a_count_that_is_no_whole_number_is_refused(tmp_path):
    table = _table(["A"], [20])
    frame = table.frame.assign(Visits=pd.array([20.5], dtype="Float64"))
    with pytest.raises(Refused) as refusal:
        _written(tmp_path, replace(table, frame=frame))
    assert refusal.value.slug == "not-a-number"


def test_a_value_just_below_zero_is_not_written_as_minus_zero(tmp_path):
    structure = Structure(
        "t",
        (TableDimension("Group", "g", ("A",), None),),
        (TableMeasure("Cost", "amount", "sum:cost", True, decimals=1),),
    )
    frame = typed([{"Group": "A", "Cost": -0.01, "Cost_annotation": ""}], structure)
    table = ProtectedTable(structure, "separate", frame, False, 0, 0, 0, 0, 11)
    assert b"A,0.0,\n" in _written(tmp_path, table)


def test_rows_are_written_a_piece_at_a_time_without_losing_any(tmp_path, monkeypatch):
    monkeypatch.setattr("include.opendata.release.formats.csv_files.ROWS_AT_A_TIME", 3)
    labels = [f"G{number}" for number in range(10)]
    content = _written(tmp_path, _table(labels, list(range(10)))).decode()
    assert content.splitlines()[1:] == [f"G{number},{number}," for number in range(10)]


@pytest.mark.parametrize("code", ["2", "9", "x"])
def test_a_code_the_tables_mode_does_not_know_is_refused(tmp_path, code):
    """In combined mode a code 2 would tell which cells are not small."""
    with pytest.raises(Refused) as refusal:
        _written(tmp_path, _table(["A", "B"], [None, 20], [code, ""]))
    assert refusal.value.slug == "annotation-unknown"


def test_code_2_may_stand_where_both_kinds_are_told_apart(tmp_path):
    table = replace(_table(["A", "B"], [None, 20], ["2", ""]), annotation="separate")
    assert b"A,,2\n" in _written(tmp_path, table)
