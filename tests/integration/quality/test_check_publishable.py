"""The publishable suite: each way a table could give somebody away, or mislead, is caught in what would be published."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.errors import DeclarationError, Refused
from include.opendata.quality import check_publishable, write_suites
from include.opendata.vocabulary import ProtectedTable


@pytest.fixture
def published(tmp_path):
    """A function: dataset, protected table → the report, or the refusal's lines."""

    def check(dataset: str, table: ProtectedTable, **changes):
        return check_publishable(load(dataset), replace(table, **changes), tmp_path / "gate")

    return check


@pytest.fixture
def refused_for(published):
    """A function: dataset, table, frame → the lines of the refusal."""

    def refuse(dataset: str, table: ProtectedTable, frame: pd.DataFrame, **changes) -> list[str]:
        with pytest.raises(Refused) as caught:
            published(dataset, table, frame=frame, **changes)
        assert caught.value.slug == "not-publishable"
        assert caught.value.exit_code == 3
        assert caught.value.place.table == table.structure.table
        return list(caught.value.details)

    return refuse


HOMICIDES, COVERAGE = "homicides_by_county", "health_insurance_coverage"


def first(frame: pd.DataFrame, condition) -> object:
    """The index of the first row for which ``condition`` holds."""
    return frame.index[condition][0]


def test_a_masked_table_of_a_shipped_dataset_may_be_published(published, by_period, tmp_path):
    report = published(HOMICIDES, by_period)
    assert report.passed
    assert report.rows == 177
    assert report.declared == report.evaluated == report.successful
    assert list((tmp_path / "gate").iterdir()) == []


def test_a_table_that_needed_no_masking_may_show_small_counts(published, by_region):
    assert (by_region.frame["Persons"] < 11).any()
    report = published(COVERAGE, by_region)
    told = {o.sentence for o in report.expectations if o.type == "expect_no_small_count_shown"}
    assert told == {"the table needed no masking, so no count is marked as suppressed"}


def test_a_masked_table_may_not_show_the_same_small_counts(by_region, refused_for):
    lines = refused_for(COVERAGE, by_region, by_region.frame, masked=True)
    assert len(lines) == 1
    assert lines[0].startswith("Persons: no count from 1 to 10 is shown; ")


def test_a_table_that_claims_to_be_unmasked_may_hide_nothing_as_suppressed(by_region, refused_for):
    frame = by_region.frame.copy()
    row = first(frame, frame["Coverage"] == "Insured")
    frame.loc[row, ["Persons", "Percent"]] = pd.NA
    frame.loc[row, ["Persons_annotation", "Percent_annotation"]] = "2"
    lines = refused_for(COVERAGE, by_region, frame)
    assert lines == [
        "Persons: the table needed no masking, so no count is marked as suppressed; 1 of 270 (0.4 %) row falls short"
    ]


@pytest.mark.parametrize("count", [1, 10])
@pytest.mark.parametrize("masked", [True, False])
def test_a_small_count_of_a_high_risk_population_is_never_published(count, masked, by_period, refused_for):
    frame = by_period.frame.copy()
    row = first(frame, frame["Homicides"].isna())
    frame.loc[row, ["Homicides", "Homicides_annotation"]] = [count, ""]
    lines = refused_for(HOMICIDES, by_period, frame, masked=masked)
    assert lines == ["Homicides: no count from 1 to 10 is shown; 1 of 177 (0.6 %) row falls short"]


@pytest.mark.parametrize("count", [0, 11])
def test_zero_and_eleven_are_not_small(count, published, by_period):
    frame = by_period.frame.copy()
    row = first(frame, frame["Homicides"].isna())
    frame.loc[row, ["Homicides", "Homicides_annotation"]] = [count, ""]
    frame.loc[row, ["Rate_per_100000", "Rate_per_100000_annotation"]] = [1.0, ""]
    assert published(HOMICIDES, by_period, frame=frame).passed


@pytest.mark.parametrize("code", ["", None, "0", "9", "S", "1 "])
def test_a_blank_without_a_code_that_explains_it_is_refused(code, by_period, refused_for):
    frame = by_period.frame.copy()
    frame.loc[first(frame, frame["Homicides"].isna()), "Homicides_annotation"] = code
    lines = refused_for(HOMICIDES, by_period, frame)
    assert lines == [
        "Homicides: a blank has one of the codes 1, 2, 3, 4, 5, a value has none; 1 of 177 (0.6 %) row falls short"
    ]


@pytest.mark.parametrize("code", ["1", "3", "x"])
def test_an_annotated_value_must_be_blank(code, by_period, refused_for):
    frame = by_period.frame.copy()
    frame.loc[first(frame, frame["Homicides"] > 100), "Homicides_annotation"] = code
    assert [line.split(":")[0] for line in refused_for(HOMICIDES, by_period, frame)] == ["Homicides"]


def test_an_annotated_zero_is_refused(by_period, refused_for):
    frame = by_period.frame.copy()
    row = first(frame, frame["Homicides"].isna())
    frame.loc[row, "Homicides"] = 0
    frame.loc[row, "Homicides_annotation"] = "1"
    assert any("a blank has one of the codes" in line for line in refused_for(HOMICIDES, by_period, frame))


def test_a_rate_hidden_beside_a_true_zero_is_refused(by_period, refused_for):
    frame = by_period.frame.copy()
    frame.loc[first(frame, frame["Homicides"].isna()), ["Homicides", "Homicides_annotation"]] = [0, ""]
    lines = refused_for(HOMICIDES, by_period, frame)
    assert [
        line
        for line in lines
        if line.startswith("Rate_per_100000: what follows from a Homicides of zero is not marked")
    ]


def test_a_rate_shown_beside_a_hidden_count_is_refused(by_period, refused_for):
    frame = by_period.frame.copy()
    row = first(frame, frame["Homicides"].isna())
    frame.loc[row, ["Rate_per_100000", "Rate_per_100000_annotation"]] = [0.0, ""]
    lines = refused_for(HOMICIDES, by_period, frame)
    assert lines == ["Rate_per_100000: it is blank wherever Homicides is; 1 of 177 (0.6 %) row falls short"]


def test_a_percentage_shown_below_a_hidden_total_is_refused(by_region, refused_for):
    frame = by_region.frame.copy()
    total = first(frame, frame["Coverage"] == "All persons")
    frame.loc[total, ["Persons", "Percent"]] = pd.NA
    frame.loc[total, ["Persons_annotation", "Percent_annotation"]] = "4"
    lines = refused_for(COVERAGE, by_region, frame)
    assert lines == [
        "Percent: it is blank wherever the total of Persons it is a share of is; 2 of 270 (0.7 %) rows fall short"
    ]


@pytest.mark.parametrize("code", ["3", "6067", "002", "37", "", None])
def test_a_wrong_county_code_is_refused(code, by_period, refused_for):
    frame = by_period.frame.copy()
    frame.loc[first(frame, frame["County"] == "Los Angeles"), "County_FIPS"] = code
    lines = refused_for(HOMICIDES, by_period, frame)
    assert any("each name stands beside its own County_FIPS" in line for line in lines)


@pytest.mark.parametrize("name", ["Los Angeles County", "los angeles", "Gotham"])
def test_a_county_by_another_name_is_refused(name, by_period, refused_for):
    frame = by_period.frame.copy()
    frame.loc[frame["County"] == "Los Angeles", "County"] = name
    lines = refused_for(HOMICIDES, by_period, frame)
    assert any(line.startswith("County: each name stands beside its own County_FIPS") for line in lines)
    assert any("standard for County says" in line for line in lines) == name.endswith("County")


def test_a_code_kept_as_a_number_is_refused(by_period, refused_for):
    frame = by_period.frame.copy()
    frame["County_FIPS"] = pd.to_numeric(frame["County_FIPS"]).astype("Int64")
    assert "County_FIPS: the type is text; this is not so" in refused_for(HOMICIDES, by_period, frame)


@pytest.mark.parametrize(("area", "passes"), [("037", True), ("37", False), ("90037", False), ("Los Angeles", False)])
def test_a_three_digit_zip_area_has_three_digits_and_the_total_its_label(area, passes, by_period, project, tmp_path):
    data = load(HOMICIDES).model_dump(by_alias=True)
    data["tables"][1]["dimensions"][0] |= {"name": "ZIP3", "standard": "zip3"}
    declared = Dataset.model_validate(data)
    (project / "expectations" / "homicides_by_county__homicides_by_county_and_period__publishable.json").unlink()
    write_suites(declared)
    frame = by_period.frame.drop(columns="County").rename(columns={"County_FIPS": "ZIP3"})
    frame["ZIP3"] = frame["ZIP3"].replace({"": "California", "037": area}).astype("string")
    frame["Period"] = "1980"  # no declared period, so that there is always a refusal to look at
    with pytest.raises(Refused) as caught:
        check_publishable(declared, replace(by_period, frame=frame), tmp_path / "gate")
    found = [line for line in caught.value.details if line.startswith("ZIP3: it is written")]
    told = "ZIP3: it is written as the standard for ZIP3 says, or California; 3 of 177 (1.7 %) rows fall short"
    assert found == ([] if passes else [told])


@pytest.mark.parametrize(
    ("percents", "breaches"),
    [([50, 50, None], 0), ([50, 49, 1], 1), ([50, None, None], 1), ([49.5, 50, None], 1)],
    ids=["one blank", "none blank", "two blank", "a half"],
)
def test_percentages_in_place_of_counts_are_whole_and_one_is_blank(percents, breaches, by_period, project, tmp_path):
    data = load(HOMICIDES).model_dump(by_alias=True)
    table = data["tables"][1]
    percent = {"name": "Percent", "kind": "percent", "numerator": "Homicides", "within": ["Period"], "decimals": 0}
    table["dimensions"] = [table["dimensions"][1] | {"total": "All periods"}]
    table["measures"] = [table["measures"][0], percent | {"label": "Percent", "definition": "Percent."}]
    table |= {"masking": "whole_percentages"}
    declared = Dataset.model_validate(data)
    (project / "expectations" / "homicides_by_county__homicides_by_county_and_period__publishable.json").unlink()
    write_suites(declared)
    labels = [one["label"] for one in table["dimensions"][0]["bins"]]
    frame = pd.DataFrame({"Period": [*labels, "All periods"], "Percent": [*percents, 100]})
    frame["Percent"] = frame["Percent"].astype("Float64")
    frame["Percent_annotation"] = frame["Percent"].isna().map({True: "1", False: ""}).astype("string")
    released = replace(by_period, frame=frame)
    if not breaches:
        assert check_publishable(declared, released, tmp_path / "gate").passed
        return
    with pytest.raises(Refused) as caught:
        check_publishable(declared, released, tmp_path / "gate")
    (told,) = caught.value.details
    assert told.startswith("Percent: percentages are whole numbers, and exactly one of them is blank; 1 of 4")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_is_refused(start, by_period, refused_for):
    frame = by_period.frame.copy()
    frame["Period"] = frame["Period"].replace({"1980 to 1984": f"{start}1980"})
    lines = refused_for(HOMICIDES, by_period, frame)
    assert any("a spreadsheet runs as a formula; 59 of 177" in line for line in lines)


@pytest.mark.parametrize(
    "text",
    ["123-45-6789", "call (916) 555-0100", "916-555-0100", "ann.lee@example.org", "CIN 91234567A", "x 123-45-6789."],
)
def test_text_that_looks_like_a_persons_number_or_address_is_refused(text, by_period, refused_for):
    frame = by_period.frame.copy()
    frame.loc[frame["Period"] == "1980 to 1984", "Period"] = text
    lines = refused_for(HOMICIDES, by_period, frame)
    found = [line for line in lines if "no text looks like a number or address of one" in line]
    assert len(found) == 1
    assert "59 of 177" in found[0]
    assert not any(text in line for line in lines)


@pytest.mark.parametrize("name", ["Date_of_Birth", "SSN", "EmailAddress"])
def test_a_column_named_as_a_direct_identifier_is_refused(name, by_period, project, tmp_path):
    data = load(HOMICIDES).model_dump(by_alias=True)
    data["tables"][1]["dimensions"][1]["name"] = name
    declared = Dataset.model_validate(data)
    own = project / "expectations" / "homicides_by_county__homicides_by_county_and_period__publishable.json"
    own.unlink()
    write_suites(declared)
    table = replace(by_period, frame=by_period.frame.rename(columns={"Period": name}))
    with pytest.raises(Refused) as caught:
        check_publishable(declared, table, tmp_path / "gate")
    assert [line for line in caught.value.details if line.startswith("no column names a person")] == list(
        caught.value.details
    )


def test_two_rows_for_one_cell_are_refused(by_period, refused_for):
    frame = pd.concat([by_period.frame, by_period.frame.iloc[:1]])
    assert any(line.startswith("County, Period: together") for line in refused_for(HOMICIDES, by_period, frame))


def test_a_table_without_rows_is_refused(by_period, refused_for):
    lines = refused_for(HOMICIDES, by_period, by_period.frame.iloc[:0])
    assert any("the number of rows is 1 or more" in line for line in lines)


@pytest.mark.parametrize("extra", ["__persons__Homicides", "ssn"])
def test_a_column_that_was_not_declared_is_refused(extra, by_period, refused_for):
    frame = by_period.frame.assign(**{extra: 1})
    lines = refused_for(HOMICIDES, by_period, frame)
    assert any(line.startswith("the columns are County, County_FIPS, Period") for line in lines)


def test_columns_in_another_order_are_refused(by_period, refused_for):
    frame = by_period.frame[sorted(by_period.frame.columns)]
    assert any("in this order" in line for line in refused_for(HOMICIDES, by_period, frame))


def test_an_unknown_category_is_refused(by_period, refused_for):
    frame = by_period.frame.copy()
    frame["Period"] = frame["Period"].replace({"1980 to 1984": "1980s"})
    lines = refused_for(HOMICIDES, by_period, frame)
    assert any(
        line.startswith("Period: every value is one of 1980 to 1984, 1985 to 1989, 1990 to 1996; 59 of 177")
        for line in lines
    )


def test_a_suite_that_lets_a_high_risk_table_off_masking_does_not_run(published, by_period, edit_suite):
    def soften(suite):
        for expectation in suite["expectations"]:
            if expectation["type"] == "expect_no_small_count_shown":
                expectation["kwargs"]["masked"] = {"$PARAMETER": "masked"}

    edit_suite("homicides_by_county__homicides_by_county_and_period__publishable", soften)
    with pytest.raises(DeclarationError) as caught:
        published(HOMICIDES, by_period)
    assert caught.value.slug == "suite-weaker-than-declaration"
    assert "expect_no_small_count_shown" in caught.value.details[0]
