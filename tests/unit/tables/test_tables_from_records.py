"""What becomes of records: categories, totals, measures, order; and what is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from include.opendata.errors import DeclarationError, OpendataError, Place, Refused
from include.opendata.rules.reference import california_counties
from include.opendata.tables import control_totals, tabulate
from include.opendata.tables.derived import rounded
from include.opendata.tables.figures import Grid, Selection
from include.opendata.tables.totals import check_parts
from include.opendata.vocabulary import PERSONS_PREFIX
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of

REGION = dimension("Region", labels={"n": "North", "s": "South"}, total="Both")
SEX = dimension("Sex", labels={"f": "Female", "m": "Male"})


@pytest.fixture
def tabulated(tmp_path):
    """Tabulates one table over records; columns are text unless said otherwise."""

    def made(records, one_table, *, columns=None, **source):
        frame = pd.DataFrame(records)
        declared = dataset(dict.fromkeys(frame.columns, "text") | (columns or {}), one_table, **source)
        with warehouse_of(frame, tmp_path) as warehouse:
            return tabulate(declared, one_table["table"], warehouse)

    return made


def refusal(tabulated, *args, **facts) -> OpendataError:
    with pytest.raises(OpendataError) as caught:
        tabulated(*args, **facts)
    assert caught.value.remedy
    return caught.value


def cells(made, measure_name="Persons") -> dict:
    names = [d.name for d in made.structure.dimensions]
    keys = made.frame[names].itertuples(index=False, name=None)
    values = [None if v is pd.NA else v for v in made.frame[measure_name]]
    return {key[0] if len(key) == 1 else key: value for key, value in zip(keys, values, strict=True)}


# ------------------------------------------------------------------------------------------ rows and categories


def test_every_combination_has_a_row_in_the_declared_order_and_totals_come_last(tabulated):
    made = tabulated({"region": ["n", "n", "s"], "sex": ["m", "m", "f"]}, table([REGION, SEX]))
    assert list(cells(made).items()) == [
        (("North", "Female"), 0),
        (("North", "Male"), 2),
        (("South", "Female"), 1),
        (("South", "Male"), 0),
        (("Both", "Female"), 1),
        (("Both", "Male"), 2),
    ]


def test_absent_combinations_can_be_left_out(tabulated):
    made = tabulated({"region": ["n", "s"], "sex": ["m", "f"]}, table([REGION, SEX], absent_combinations="omit"))
    assert list(cells(made)) == [("North", "Male"), ("South", "Female"), ("Both", "Female"), ("Both", "Male")]


def test_columns_have_the_types_the_vocabulary_promises(tabulated):
    made = tabulated(
        {"region": ["n"], "days": [1.5]},
        table([REGION], [measure(), measure("Days", "mean", column="days", base="Persons")]),
        columns={"days": "number"},
    )
    assert {name: str(kind) for name, kind in made.frame.dtypes.items()} == {
        "Region": "string",
        "Persons": "Int64",
        "Days": "Float64",
    }


def test_recoded_values_are_gathered(tabulated):
    grouped = dimension("Race", recode={"A or B": ["a", "b"], "C": ["c"]})
    assert cells(tabulated({"race": list("abbc")}, table([grouped]))) == {"A or B": 3, "C": 1}


@pytest.mark.parametrize(("kind", "ages"), [("integer", [18, 25, 26, 90]), ("number", [18.0, 25.9, 26.0, 90.5])])
def test_bins_hold_both_their_ends_and_the_last_may_be_open(tabulated, kind, ages):
    bins = [{"from": 18, "to": 25, "label": "18–25"}, {"from": 26, "label": "26 and over"}]
    made = tabulated({"age": ages}, table([dimension("Age", bins=bins)]), columns={"age": kind})
    assert cells(made) == {"18–25": 2, "26 and over": 2}


@pytest.mark.parametrize(
    ("period", "labels"),
    [
        ("year", {"1995": 1, "1996": 2}),
        ("half_year", {"1995-H2": 1, "1996-H1": 0, "1996-H2": 2}),
        ("quarter", {"1995-Q4": 1, "1996-Q1": 0, "1996-Q2": 0, "1996-Q3": 2}),
        ("month", {"1995-12": 1, **{f"1996-{m:02}": 0 for m in range(1, 7)}, "1996-07": 1, "1996-08": 1}),
    ],
)
def test_a_period_without_a_case_between_others_is_a_zero(tabulated, period, labels):
    days = [dt.date(1995, 12, 31), dt.date(1996, 7, 1), dt.date(1996, 8, 31)]
    made = tabulated({"day": days}, table([dimension("Day", period=period)]), columns={"day": "date"})
    assert list(cells(made).items()) == list(labels.items())


def test_values_as_they_are_go_upwards(tabulated):
    made = tabulated({"year": [2010, 9, 2010]}, table([dimension("Year")]), columns={"year": "integer"})
    assert list(cells(made).items()) == [("9", 1), ("2010", 2)]


def test_declared_valid_values_are_categories_even_without_a_record(tabulated):
    columns = {"size": {"type": "text", "valid_values": ["small", "large", "huge"]}}
    made = tabulated({"size": ["large"]}, table([dimension("Size")]), columns=columns)
    assert list(cells(made).items()) == [("small", 0), ("large", 1), ("huge", 0)]


def test_booleans_can_be_labelled_or_left_as_they_are(tabulated):
    records = {"old": [True, False, True]}
    labelled = table([dimension("Old", labels={"yes": "Old", "no": "Young"})])
    assert cells(tabulated(records, labelled, columns={"old": "boolean"})) == {"Old": 2, "Young": 1}
    assert cells(tabulated(records, table([dimension("Old")]), columns={"old": "boolean"})) == {"true": 2, "false": 1}


@pytest.mark.parametrize(
    ("kind", "values"), [("integer", [1, 6115]), ("text", ["001", "06115"])], ids=["as a number", "as text"]
)
def test_all_58_counties_are_there_by_name_with_their_fips_number(tabulated, kind, values):
    county = dimension("County", standard="county", total="California")
    made = tabulated({"county": values}, table([county]), columns={"county": kind})
    names = sorted(area.name for area in california_counties().areas)
    assert made.structure.published_columns() == ["County", "County_FIPS", "Persons", "Persons_annotation"]
    assert list(made.frame["County"]) == [*names, "California"]
    assert dict(zip(made.frame["County"], made.frame["County_FIPS"], strict=True))["Sacramento"] == "067"
    assert made.frame["County_FIPS"].iloc[-1] == "" == made.structure.dimensions[0].total_code
    assert {k: v for k, v in cells(made).items() if v} == {"Alameda": 1, "Yuba": 1, "California": 2}


ZIP3 = {"standard": "zip3", "scores_as": {"variable": "residence_geography", "population": 500_000}}


def test_zip_codes_become_areas_of_three_digits_without_a_column_of_codes(tabulated):
    area = dimension("ZIP3", "zip", total="All areas", missing="Unknown", **ZIP3)
    made = tabulated({"zip": ["95814", "958", "00501", None]}, table([area]))
    assert made.structure.published_columns() == ["ZIP3", "Persons", "Persons_annotation"]
    assert list(cells(made).items()) == [("005", 1), ("958", 2), ("Unknown", 1), ("All areas", 4)]


def test_valid_zip_codes_of_the_source_are_no_categories_of_their_own(tabulated):
    columns = {"zip": {"type": "text", "valid_values": ["95814", "95815", "90001"]}}
    made = tabulated({"zip": ["95814", "95815"]}, table([dimension("ZIP3", "zip", **ZIP3)]), columns=columns)
    assert cells(made) == {"958": 2}


@pytest.mark.parametrize("value", ["9581", "95814-1234", "ABC", "9581A", "9581½", "-12", " 958"])
def test_what_is_no_zip_code_is_refused_and_not_told(tabulated, value):
    area = dimension("ZIP3", "zip", missing="Unknown", **ZIP3)
    error = refusal(tabulated, {"zip": ["95814", value]}, table([area]))
    assert (error.slug, error.what) == ("unknown-category", "1 row have a value that no category covers")
    assert value.strip() not in str(error)


def test_blanks_with_a_label_come_after_the_other_categories(tabulated):
    region = dimension("Region", labels={"n": "North", "s": "South"}, missing="Unknown", total="All")
    made = tabulated({"region": ["n", None, None]}, table([region]))
    assert list(cells(made).items()) == [("North", 1), ("South", 0), ("Unknown", 2), ("All", 3)]


def test_a_blank_category_and_a_total_are_not_mixed_up_among_values_as_they_are(tabulated):
    made = tabulated({"region": ["n", None, None]}, table([dimension("Region", missing="Unknown", total="All")]))
    assert list(cells(made).items()) == [("n", 1), ("Unknown", 2), ("All", 3)]


# ------------------------------------------------------------------------------------------------------ filters


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ({"column": "age", "in": ["20", "40"]}, 2),
        ({"column": "age", "not_in": ["20"]}, 3),
        ({"column": "age", "from": 30}, 2),
        ({"column": "age", "to": 30}, 2),
        ({"column": "age", "from": 25, "to": 35}, 1),
        ({"column": "day", "from": "2020-01-02"}, 2),
        ({"column": "day", "to": "2020-01-01"}, 2),
        ({"column": "old", "in": ["yes"]}, 1),
    ],
)
def test_a_filter_keeps_what_it_says(tabulated, condition, kept):
    records = {
        "region": ["n"] * 4,
        "age": pd.array([20, 30, 40, None], dtype="Int64"),
        "day": [dt.date(2020, 1, 1), dt.date(2020, 1, 1), dt.date(2020, 1, 2), dt.date(2020, 1, 3)],
        "old": [False, False, True, None],
    }
    columns = {"age": "integer", "day": "date", "old": "boolean"}
    made = tabulated(records, table([REGION], filter=[condition]), columns=columns)
    assert cells(made)["Both"] == kept


def test_conditions_add_up(tabulated):
    records = {"region": ["n", "n", "s"], "sex": ["f", "m", "f"]}
    made = tabulated(
        records, table([REGION], filter=[{"column": "sex", "in": ["f"]}, {"column": "region", "in": ["n"]}])
    )
    assert cells(made) == {"North": 1, "South": 0, "Both": 1}


def test_a_value_without_category_that_the_filter_leaves_out_is_no_matter(tabulated):
    made = tabulated({"region": ["n", "x"]}, table([REGION], filter=[{"column": "region", "not_in": ["x"]}]))
    assert cells(made)["Both"] == 1


# ----------------------------------------------------------------------------------------------------- measures


def test_events_are_counted_and_the_persons_behind_them_too(tabulated):
    records = {"region": ["n", "n", "s"], "client": ["a", "a", "a"]}
    made = tabulated(records, table([REGION], [measure("Visits", persons="client")]), record="event")
    assert cells(made, "Visits") == {"North": 2, "South": 1, "Both": 3}
    assert cells(made, f"{PERSONS_PREFIX}Visits") == {"North": 1, "South": 1, "Both": 1}
    assert made.structure.measure("Visits").persons


def test_a_person_in_two_categories_is_once_in_the_total(tabulated):
    records = {"region": ["n", "n", "s"], "client": ["a", "b", "a"]}
    made = tabulated(records, table([REGION], [measure(kind="count_distinct", column="client")]))
    assert cells(made) == {"North": 2, "South": 1, "Both": 2}
    assert not made.structure.measure("Persons").additive


def test_sums_and_what_is_derived_from_them(tabulated):
    measures = [
        measure("Cases", "sum", column="cases", of="persons"),
        measure("People", "sum", column="people", of="population"),
        measure("Cost", "sum", column="cost", of="amount", base="Cases", decimals=2),
        measure("Mean_Cost", "mean", column="cost", base="Cases", decimals=2),
        measure("Rate", "rate", numerator="Cases", denominator="People", per=1000, decimals=1),
        measure("Percent", "percent", numerator="Cases", within=["Region"], decimals=1),
    ]
    records = {"region": ["n", "n"], "cases": [1, 2], "people": [100, 300], "cost": [0.1, 0.2]}
    columns = {"cases": "integer", "people": "integer", "cost": "number"}
    made = tabulated(records, table([REGION], measures), columns=columns, record="aggregate")
    assert cells(made, "Cases") == {"North": 3, "South": 0, "Both": 3}
    assert cells(made, "People") == {"North": 400, "South": 0, "Both": 400}
    assert cells(made, "Cost") == {"North": 0.3, "South": 0.0, "Both": 0.3}
    assert cells(made, "Mean_Cost") == {"North": 0.1, "South": None, "Both": 0.1}
    assert cells(made, "Rate") == {"North": 7.5, "South": None, "Both": 7.5}
    assert cells(made, "Percent") == {"North": 100.0, "South": 0.0, "Both": 100.0}
    assert {m.name: (m.role, m.identity) for m in made.structure.measures} == {
        "Cases": ("count", "sum:cases"),
        "People": ("population", "sum:people"),
        "Cost": ("amount", "sum:cost"),
        "Mean_Cost": ("mean", "mean:cost/sum:cases"),
        "Rate": ("rate", "rate:sum:cases/sum:people"),
        "Percent": ("percent", "percent:sum:cases|region"),
    }


def test_a_percentage_is_of_the_total_of_the_named_dimensions_alone(tabulated):
    sex = dimension("Sex", labels={"f": "Female", "m": "Male"}, total="All")
    percent = measure("Percent", "percent", numerator="Persons", within=["Sex"], decimals=1)
    made = tabulated({"region": list("nnns"), "sex": list("ffmm")}, table([REGION, sex], [measure(), percent]))
    assert cells(made, "Percent")["North", "Female"] == 66.7
    assert cells(made, "Percent")["South", "Male"] == 100.0
    assert cells(made, "Percent")["Both", "Male"] == 50.0


@pytest.mark.parametrize("absent", ["zero", "omit"])
def test_a_population_by_reference_does_not_depend_on_the_records(tabulated, absent):
    county = dimension("County", standard="county", total="California")
    people = measure("People", "population", reference="california_counties", dimension="County")
    rate = measure("Rate", "rate", numerator="Persons", denominator="People", per=100000, decimals=2)
    records = {"county": [1, 1, 3], "sex": list("fmf")}
    one = table([county, SEX], [measure(), people, rate], absent_combinations=absent)
    made = tabulated(records, one, columns={"county": "integer"})
    reference = california_counties()
    assert cells(made, "People")["Alpine", "Female"] == reference.population_by_name["Alpine"]
    assert cells(made, "People")["California", "Male"] == reference.total
    assert cells(made, "Rate")["Alpine", "Female"] == rounded(1, 1204, times=100_000, decimals=2)


def test_regions_are_found_in_their_reference_by_name(tabulated):
    region = dimension("Region", labels={"west": "West", "south": "South"})
    people = measure("People", "population", reference="us_census_regions", dimension="Region")
    made = tabulated({"region": ["west"]}, table([region], [measure(), people]))
    assert cells(made, "People")["West"] > cells(made, "Persons")["West"]


@pytest.mark.parametrize(
    ("top", "bottom", "decimals", "quotient"),
    [
        (1, 8, 2, 0.13),
        (3, 8, 2, 0.38),
        (1, 3, 1, 0.3),
        (5, 2, 0, 3.0),
        (-1, 8, 2, -0.13),
        (0, 5, 1, 0.0),
        (1, 0, 1, None),
    ],
)
def test_halves_are_rounded_away_from_zero(top, bottom, decimals, quotient):
    assert rounded(top, bottom, decimals=decimals) == quotient


@pytest.mark.parametrize("total", [2**53 + 1, -(2**53) - 1, 18_014_398_509_482_002, Decimal(2**53 + 1)])
def test_a_whole_sum_is_published_to_its_last_digit(total):
    assert rounded(total, 1) == int(total)


# ----------------------------------------------------------------------------------------------------- refusals


def test_a_value_that_no_label_covers_is_refused_and_not_shown(tabulated):
    error = refusal(tabulated, {"region": ["n", "secret", "secret"]}, table([REGION]))
    assert (error.slug, error.exit_code) == ("unknown-category", 3)
    assert (error.place.table, error.place.column) == ("one_table", "region")
    assert "2 rows" in error.what
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("one", "values", "kind"),
    [
        (dimension("X", recode={"A": ["a"]}), ["a", "b"], "text"),
        (dimension("X", bins=[{"from": 1, "to": 2, "label": "A"}]), [1, 3], "integer"),
        (dimension("X", bins=[{"from": 1, "to": 2, "label": "A"}]), [1.0, 3.0], "number"),
        (dimension("X", standard="county"), [1, 2], "integer"),
        (dimension("X"), ["a", "b"], {"type": "text", "valid_values": ["a"]}),
    ],
)
def test_every_kind_of_category_refuses_what_it_does_not_know(tabulated, one, values, kind):
    error = refusal(tabulated, {"x": values}, table([one]), columns={"x": kind})
    assert error.slug == "unknown-category"
    assert "1 row " in error.what.replace("rows", "row")


@pytest.mark.parametrize("one", [REGION, dimension("Region"), dimension("Region", recode={"A": ["n"]})])
def test_a_blank_without_label_is_refused(tabulated, one):
    error = refusal(tabulated, {"region": ["n", None]}, table([one]))
    assert error.slug == "unknown-category"
    assert "blank" in error.what


def test_an_empty_text_is_a_blank(tabulated):
    assert refusal(tabulated, {"region": ["n", ""]}, table([dimension("Region")])).slug == "unknown-category"


def test_a_table_without_records_is_refused(tabulated):
    error = refusal(tabulated, {"region": ["n"]}, table([REGION], filter=[{"column": "region", "in": ["s"]}]))
    assert (error.slug, error.exit_code) == ("no-rows", 3)


@pytest.mark.parametrize(
    ("made_of", "values", "slug"),
    [
        (measure("M", "sum", column="x", of="persons"), [1, None], "count-blank"),
        (measure("M", "sum", column="x", of="population"), [1, None], "count-blank"),
        (measure("M", "count_distinct", column="x"), [1, None], "count-blank"),
        (measure("M", persons="x"), [1, None], "count-blank"),
        (measure("M", "sum", column="x", of="amount", base="Persons"), [1, None], "amount-blank"),
        (measure("M", "mean", column="x", base="Persons"), [1, None], "amount-blank"),
        (measure("M", "sum", column="x", of="events"), [1, -1], "count-negative"),
        (measure("M", "sum", column="x", of="population"), [1, -1], "count-negative"),
    ],
)
def test_counting_over_blanks_or_below_zero_is_refused(tabulated, made_of, values, slug):
    records = {"region": ["n", "s"], "x": pd.array(values, dtype="Int64")}
    error = refusal(tabulated, records, table([REGION], [measure(), made_of]), columns={"x": "integer"})
    assert (error.slug, error.exit_code, error.place.column) == (slug, 3, "x")
    assert "1 row" in error.what


def test_an_amount_may_be_below_zero(tabulated):
    balance = measure("Balance", "sum", column="x", of="amount", base="Persons")
    made = tabulated(
        {"region": ["n", "s"], "x": [1, -3]}, table([REGION], [measure(), balance]), columns={"x": "integer"}
    )
    assert cells(made, "Balance") == {"North": 1, "South": -3, "Both": -2}


@pytest.mark.parametrize("facts", [{"total": "n"}, {"missing": "n", "total": "All"}])
def test_a_value_that_reads_like_the_total_is_refused(tabulated, facts):
    assert refusal(tabulated, {"region": ["n", "s"]}, table([dimension("Region", **facts)])).slug == "label-twice"


def test_a_table_of_too_many_cells_is_refused_before_it_is_made(tabulated, monkeypatch):
    monkeypatch.setattr("include.opendata.tables.figures.MOST_CELLS", 5)
    error = refusal(tabulated, {"region": ["n"], "sex": ["f"]}, table([REGION, SEX]))
    assert error.slug == "table-too-large"
    omit = table([dimension("N")], absent_combinations="omit")
    assert refusal(tabulated, {"n": list("abcdef")}, omit).slug == "table-too-large"


def test_a_population_the_reference_does_not_know_is_refused(tabulated):
    people = measure("People", "population", reference="us_census_regions", dimension="Region")
    error = refusal(tabulated, {"region": ["n"]}, table([REGION], [measure(), people]))
    assert (error.slug, error.exit_code) == ("population-unknown", 2)


def test_a_filter_value_that_is_not_of_the_columns_type_is_a_declaration_error(tabulated):
    one = table([REGION], filter=[{"column": "age", "in": ["young"]}])
    with pytest.raises(DeclarationError) as caught:
        tabulated({"region": ["n"], "age": [1]}, one, columns={"age": "integer"})
    assert caught.value.slug == "value-type"


def test_a_table_nobody_declared(tabulated, tmp_path):
    with (
        warehouse_of(pd.DataFrame({"region": ["n"]}), tmp_path) as warehouse,
        pytest.raises(DeclarationError) as caught,
    ):
        tabulate(dataset({"region": "text"}, table([REGION])), "other", warehouse)
    assert caught.value.slug == "table-unknown"


# ------------------------------------------------------------------------------------------------------- totals


@pytest.mark.parametrize("dimensions", [[REGION], [{**REGION, "total": None}]], ids=["published", "not published"])
def test_an_expected_total_must_be_met(tabulated, dimensions):
    records = {"region": ["n"] * 20}
    tabulated(records, table(dimensions, expected_totals=[{"measure": "Persons", "total": 20}]))
    wrong = table(dimensions, expected_totals=[{"measure": "Persons", "total": 21, "where": "the report"}])
    error = refusal(tabulated, records, wrong)
    assert (error.slug, error.exit_code) == ("total-does-not-add-up", 3)
    assert "stated 21, found 20" in error.what
    assert "the report" in error.what


def test_a_small_total_is_not_said(tabulated):
    one = table([REGION], expected_totals=[{"measure": "Persons", "total": 21}])
    error = refusal(tabulated, {"region": ["n"] * 4}, one)
    assert error.slug == "total-does-not-add-up"
    assert "4" not in error.what
    assert "21" not in error.what


@pytest.mark.parametrize(("column", "total"), [(None, 3), ("cases", 60), ("cost", 0.6)])
def test_a_control_total_must_be_met(tmp_path, column, total):
    records = pd.DataFrame({"region": ["n"] * 3, "cases": [10, 20, 30], "cost": [0.1, 0.2, 0.3]})
    columns = {"region": "text", "cases": "integer", "cost": "number"}
    good = dataset(columns, table([REGION]), control_totals=[{"column": column, "total": total}])
    wrong = dataset(columns, table([REGION]), control_totals=[{"column": column, "total": total + 1}])
    with warehouse_of(records, tmp_path) as warehouse:
        control_totals(good, warehouse)
        with pytest.raises(Refused) as caught:
            control_totals(wrong, warehouse)
    assert (caught.value.slug, caught.value.place.column) == ("total-does-not-add-up", column)


def test_a_total_that_is_not_the_sum_of_its_parts_is_never_published():
    grid = Grid((3, 2), (2, None), np.arange(6))
    values = np.array([1, 2, 3, 4, 4, 6], dtype=object)
    check_parts(grid, values, "Persons", Place())
    values[5] = 7
    with pytest.raises(Refused) as caught:
        check_parts(grid, values, "Persons", Place())
    assert caught.value.slug == "total-does-not-add-up"


# ------------------------------------------------------------------------------------------------------ engines


def test_the_statement_is_one_every_engine_understands(tmp_path):
    one = table(
        [REGION, dimension("Day", period="quarter", missing="Unknown")], filter=[{"column": "region", "in": ["n"]}]
    )
    records = pd.DataFrame({"region": ["n"], "day": [dt.date(2020, 1, 1)]})
    declared = dataset({"region": "text", "day": "date"}, one)
    with warehouse_of(records, tmp_path) as warehouse:
        statement = Selection(declared, declared.table("one_table"), warehouse)._grouped()
    text = " ".join(str(statement.compile(dialect=postgresql.dialect())).split()).upper()
    assert "GROUPING SETS" in text
    assert text.count("GROUPING(") == 2
    for word in ("FILTER", "NULLS", "CUBE(", "ORDER BY"):
        assert word not in text
    assert isinstance(statement, sa.Select)
