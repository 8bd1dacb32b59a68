"""Each way of making a table coarser, as an edited dimension of its declaration."""

from __future__ import annotations

import pandas as pd
import pytest

from include.opendata.advice.changes import changed, snippet
from include.opendata.advice.coarsenings import coarsenings
from include.opendata.declaration.consistency import inconsistencies
from include.opendata.rules.reference import california_counties
from include.opendata.tables import tabulate
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of


@pytest.fixture
def ways(tmp_path):
    """The coarsenings of the one table of a dataset over some records, by slug."""

    def of(declared, records: dict):
        with warehouse_of(pd.DataFrame(records), tmp_path) as warehouse:
            made = tabulate(declared, "one_table", warehouse)
        columns = {column.name: column for column in declared.source.columns}
        found = {name: [str(one) for one in sorted(set(values))] for name, values in records.items()}
        return {one.slug: one for one in coarsenings(declared.tables[0], columns, made, found.__getitem__)}

    return of


def one_dimension(columns, **facts):
    return dataset(columns, table([dimension(**facts), dimension("Side")]))


def test_years_are_put_together_in_periods_of_two_three_and_five(ways):
    declared = one_dimension({"year": "integer", "side": "text"}, name="Year", scores_as="time")
    found = ways(declared, {"year": list(range(2010, 2020)), "side": ["a"] * 10})
    assert [s for s in found if s.startswith("periods")] == ["periods-of-2", "periods-of-3", "periods-of-5"]
    period = found["periods-of-5"].replacement
    assert [b.label for b in period.bins] == ["2010–2014", "2015–2019"]
    assert (period.name, period.label) == ("Period", "Period")
    assert found["periods-of-3"].words == "Put years together in periods of 3 (the last of 4)"


def test_years_that_are_text_are_put_together_by_their_values(ways):
    declared = one_dimension({"year": "text", "side": "text"}, name="Yr", column="year", scores_as="time")
    found = ways(declared, {"year": ["2010", "2011", "2012", "2013"], "side": ["a"] * 4})
    assert found["periods-of-2"].replacement.recode == {"2010–2011": ["2010", "2011"], "2012–2013": ["2012", "2013"]}
    assert found["periods-of-2"].replacement.name == "Yr"


def test_too_few_years_make_no_periods(ways):
    declared = one_dimension({"year": "integer", "side": "text"}, name="Year", scores_as="time")
    assert set(ways(declared, {"year": [2010, 2011, 2012], "side": ["a"] * 3})) == {"without-year", "without-side"}


def test_months_are_put_together_by_quarter_half_year_and_year(ways):
    declared = one_dimension(
        {"day": "date", "side": "text"}, name="Month", column="day", period="month", scores_as="time"
    )
    found = ways(declared, {"day": pd.date_range("2020-01-01", periods=12, freq="MS").date, "side": ["a"] * 12})
    assert [one.replacement.period for one in found.values() if one.kind == "periods"] == [
        "quarter",
        "half_year",
        "year",
    ]
    assert found["by-quarter"].replacement.name == "Quarter"
    assert found["by-quarter"].words == "Put months together by quarter"


def test_age_groups_are_made_wider_from_neighbours(ways):
    bins = [{"from": 0, "to": 11, "label": "0–11"}, {"from": 12, "to": 14, "label": "12–14"}]
    bins += [{"from": 15, "to": 18, "label": "15–18"}, {"from": 19, "label": "19+"}]
    declared = one_dimension(
        {"age": "integer", "side": "text"}, name="Age", bins=bins, scores_as="age_range", total="All"
    )
    found = ways(declared, {"age": [3, 13, 16, 40], "side": ["a"] * 4})
    wider = found["2-age-groups"].replacement
    assert [(b.from_, b.to, b.label) for b in wider.bins] == [(0, 18, "0–18"), (19, None, "19+")]
    assert wider.total == "All"


def test_age_groups_of_the_source_are_put_together_by_their_values(ways):
    declared = one_dimension({"age": "text", "side": "text"}, name="Age", scores_as="age_range", missing="Unknown")
    records = {"age": ["0-4", "5-9", "10-14", "15-19", ""], "side": ["a"] * 5}
    wider = ways(declared, records)["2-age-groups"].replacement
    assert wider.recode == {"0-9": ["0-4", "5-9"], "10-19": ["10-14", "15-19"]}
    assert wider.missing == "Unknown"


def test_single_ages_become_groups(ways):
    declared = one_dimension({"age": "integer", "side": "text"}, name="Age", scores_as="age_range")
    found = ways(declared, {"age": list(range(18, 63)), "side": ["a"] * 45})
    assert [one.slug for one in found.values() if one.kind == "ages"] == ["ages-of-5", "ages-of-10", "ages-of-20"]
    assert [b.label for b in found["ages-of-20"].replacement.bins] == ["0–19", "20–39", "40–59", "60–79"]


@pytest.mark.parametrize(
    ("kind", "write", "alameda"),
    [
        ("integer", lambda code: int(code), "1"),
        ("integer", lambda code: 6000 + int(code), "6001"),
        ("text", lambda code: code, "001"),
        ("text", lambda code: "06" + code, "06001"),
    ],
)
def test_regions_take_the_place_of_counties_however_the_source_writes_them(ways, kind, write, alameda):
    codes = [area.code for area in california_counties().areas]
    declared = one_dimension(
        {"fips": kind, "side": "text"}, name="County", column="fips", standard="county",
        scores_as="residence_geography", total="California",
    )  # fmt: skip
    found = ways(declared, {"fips": [write(code) for code in codes], "side": ["a"] * 58})
    region = found["regions"].replacement
    assert region.name == "Region"
    assert len(region.recode) == 10
    assert alameda in region.recode["San Francisco Bay Area"]
    assert sum(len(values) for values in region.recode.values()) == 58
    assert region.scores_as.reference == "california_regions"
    coarser = changed(declared.tables[0], [found["regions"]])
    assert inconsistencies(declared.model_copy(update={"tables": [coarser]})) == []


def test_the_rarest_categories_are_put_together_as_other(ways):
    kinds = ["Cat"] * 50 + ["Dog"] * 40 + ["Eel"] * 2 + ["Bee"] * 1 + ["Fox"] * 30
    declared = one_dimension({"kind": "text", "side": "text"}, name="Kind", total="All")
    found = ways(declared, {"kind": kinds, "side": ["a"] * len(kinds)})
    other = found["kind-2-as-other"].replacement
    assert other.recode == {"Cat": ["Cat"], "Dog": ["Dog"], "Fox": ["Fox"], "Other": ["Bee", "Eel"]}


def test_an_other_that_is_there_takes_the_rare_ones_in(ways):
    kinds = ["w"] * 50 + ["b"] * 40 + ["n"] * 2 + ["o"] * 60
    facts = {
        "labels": {"w": "White", "b": "Black", "n": "Native", "o": "Other"},
        "least_interesting": ["Other", "Native"],
    }
    declared = one_dimension({"race": "text", "side": "text"}, name="Race", scores_as="race_ethnicity", **facts)
    other = ways(declared, {"race": kinds, "side": ["a"] * len(kinds)})["race-2-as-other"].replacement
    assert other.recode == {"White": ["w"], "Black": ["b"], "Other": ["n", "o"]}
    assert other.least_interesting == ["Other"]


def test_three_categories_are_left_as_they_are(ways):
    declared = one_dimension({"kind": "text", "side": "text"}, name="Kind")
    found = ways(declared, {"kind": ["a", "b", "c"], "side": ["x"] * 3})
    assert set(found) == {"without-kind", "without-side"}


def test_sex_is_never_put_together_as_other(ways):
    declared = one_dimension({"sex": "text", "side": "text"}, name="Sex", scores_as="sex")
    assert "other" not in {one.kind for one in ways(declared, {"sex": list("abcde"), "side": ["x"] * 5}).values()}


def test_what_hangs_on_a_dimension_goes_with_it(tmp_path):
    population = measure("People", "population", reference="california_counties", dimension="County")
    rate = measure("Rate", "rate", numerator="Persons", denominator="People", per=1000)
    percent = measure("Percent", "percent", numerator="Persons", within=["Side", "County"])
    county = dimension("County", "fips", standard="county", scores_as="residence_geography", total="California")
    declared = dataset(
        {"fips": "text", "side": "text"},
        table([county, dimension("Side", total="All")], [measure(), population, rate, percent]),
    )
    columns = {column.name: column for column in declared.source.columns}
    records = {"fips": [area.code for area in california_counties().areas], "side": ["a"] * 58}
    with warehouse_of(pd.DataFrame(records), tmp_path) as warehouse:
        made = tabulate(declared, "one_table", warehouse)
        found = {c.slug: c for c in coarsenings(declared.tables[0], columns, made, lambda name: records["fips"])}
        without = changed(declared.tables[0], [found["without-county"]])
        assert [m.name for m in without.measures] == ["Persons", "Percent"]
        assert without.measure("Percent").within == ["Side"]
        regional = changed(declared.tables[0], [found["regions"]])
        assert regional.measure("Percent").within == ["Side", "Region"]
        assert regional.measure("People").reference == "california_regions"
        by_region = tabulate(declared.model_copy(update={"tables": [regional]}), "one_table", warehouse).frame
        assert by_region.loc[by_region.Region == "Orange", "People"].tolist() == [3_186_989] * 2
    text = snippet(declared.tables[0], without, [found["without-county"]])
    assert text.splitlines()[:3] == [
        "# remove the dimension County",
        "# remove the measure People",
        "# remove the measure Rate",
    ]
    assert "within: [Side]" in text
