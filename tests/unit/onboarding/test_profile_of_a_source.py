"""What is found out about a column, and what of it may be told."""

from __future__ import annotations

import pytest

from include.opendata.onboarding.profile import naming_columns, profile
from include.opendata.onboarding.reading import read_source
from tests.lib.onboarding_sources import cases_by_county, patients, write


@pytest.fixture
def look(tmp_path):
    def look(text):
        reading = read_source(str(write(tmp_path, text)), dataset="clinic_visits", into=tmp_path / "area")
        return profile(reading, dataset="clinic_visits", scratch=tmp_path / "spill"), reading

    return look


def column_of(look, *values):
    """The profile of a column with these values, beside one that always differs."""
    found, _ = look("n,it\n" + "".join(f"{n},{value}\n" for n, value in enumerate(values)))
    return found.column("it")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "30"], "integer"),
        (["1", "2.5", "1e3"], "number"),
        (["2020-02-29", "2021-01-01"], "date"),
        (["yes", "no"], "text"),
        (["2021-02-30", "2021-01-01"], "text"),
        (["99999999999999999999", "1"], "number"),
    ],
)
def test_the_type_is_the_one_that_fits_every_value(look, values, kind):
    assert column_of(look, *values).type == kind


def test_digits_with_leading_zeros_are_a_code_and_stay_text(look):
    found = column_of(look, "001", "003", "067")
    assert (found.type, found.code) == ("text", True)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (['"1,234"', '"2,345"'], "separator of thousands"),
        (["12.5%", "3%"], "percent sign"),
        (["01/31/2020", "2/1/2020"], "not written as YYYY-MM-DD"),
        (["2020-01-01 10:00:00"] * 2, "time of day"),
        (["<11", "12", "<11"], "masked already"),
        (["$1", "$20"], "currency sign"),
        (["", ""], "no values"),
        (["A ", "B"], "spaces around"),
    ],
)
def test_what_a_refresh_could_not_read_is_said(look, values, why):
    assert why in column_of(look, *values).unreadable


def test_a_text_for_no_value_counts_only_beside_numbers(look):
    assert look("n,it\n1,NA\n2,5\n3,7\n")[0].missing == ("", "NA")
    assert look("n,it\n1,NA\n2,Nevada\n")[0].missing == ("",)


def test_a_late_value_that_does_not_fit_is_found_beyond_the_sample(look, monkeypatch):
    from include.opendata.onboarding import profile as room

    monkeypatch.setattr(room, "SAMPLED_ROWS", 10)
    assert column_of(look, *["7"] * 30, "seven").type == "text"
    assert column_of(look, *["7"] * 30, "007").code


def test_the_columns_that_together_name_a_record_are_found_fewest_first(look):
    found, _ = look(cases_by_county())
    assert ("county_fips", "year", "sex") in found.keys
    assert look(patients())[0].keys[0] == ("patient_id",)


def test_of_columns_that_name_a_record_those_that_are_not_needed_go(look, tmp_path):
    _, reading = look("a,b,c,d\n1,1,x,x\n1,2,x,x\n2,1,x,y\n2,2,x,y\n")
    assert naming_columns(reading, ["a", "b", "c", "d"], dataset="x_y", scratch=tmp_path) == ("a", "b")
    assert naming_columns(reading, ["a", "c"], dataset="x_y", scratch=tmp_path) == ()


def test_a_range_is_told_rounded_outwards_so_that_no_end_is_somebodys_value(look):
    assert column_of(look, "1234", "87654").shown_range == "1,000 to 90,000"
    assert column_of(look, "-37", "512").shown_range == "-40 to 600"
    assert column_of(look, "2021-03-04", "2023-11-12").shown_range == "2021 to 2023"


def test_values_are_listed_only_where_they_are_few(look):
    found, _ = look(patients())
    assert found.column("patient_id").values is None
    assert found.column("sex").values == ("f", "m")
    assert found.column("sex").rare == 0


def test_a_column_may_be_called_as_anything(look):
    names = ["v", "records", "n", "count", "row_number", "file_row_number", "filename", "rowid", "select", 'a"b']
    rows = [",".join("xyz"[n % 3] for _ in names) for n in range(60)]
    header = ",".join('"a""b"' if name == 'a"b' else name for name in names)
    found, _ = look("\n".join([header, *rows]) + "\n")
    assert {name: found.column(name).values for name in names} == dict.fromkeys(names, ("x", "y", "z"))
