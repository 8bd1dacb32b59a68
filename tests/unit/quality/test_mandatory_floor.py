"""What a declaration demands of its source and of its tables."""

from __future__ import annotations

import pytest

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.errors import DeclarationError
from include.opendata.quality import mandatory_publishable, mandatory_source
from include.opendata.quality.mandatory import published_columns


def declared(name: str = "homicides_by_county", **source) -> Dataset:
    data = load(name).model_dump(by_alias=True)
    data["source"] |= source
    return Dataset.model_validate(data)


def column(**fields) -> dict:
    return {"name": "c", "type": "text", "label": "c", "definition": "c", "privacy": "public"} | fields


def of(demands: list[dict], kind: str) -> list[dict]:
    return [demand["kwargs"] for demand in demands if demand["type"] == f"expect_{kind}"]


def test_every_declared_column_and_no_other_is_demanded():
    (found,) = of(mandatory_source(declared()), "table_columns_to_match_set")
    assert found == {"column_set": ["countyfips", "year", "popul", "murders"], "exact_match": True}


def test_a_source_needs_at_least_one_row():
    assert of(mandatory_source(declared()), "table_row_count_to_be_between") == [{"min_value": 1}]


def test_an_optional_column_may_be_blank_and_a_required_one_may_not():
    dataset = declared(columns=[column(name="a", required=False), column(name="b")], key=[], control_totals=[])
    assert of(mandatory_source(dataset), "column_values_to_not_be_null") == [{"column": "b"}]


def test_a_column_of_the_key_may_not_be_blank_even_when_optional():
    dataset = declared(columns=[column(name="a", required=False)], key=["a"], control_totals=[])
    assert of(mandatory_source(dataset), "column_values_to_not_be_null") == [{"column": "a"}]
    assert of(mandatory_source(dataset), "key_to_be_unique") == [{"columns": ["a"]}]


def test_valid_values_are_compared_as_the_columns_type():
    dataset = declared(columns=[column(type="integer", valid_values=["1", "2"])], key=[])
    assert of(mandatory_source(dataset), "column_values_to_be_in_set") == [{"column": "c", "value_set": [1, 2]}]


def test_codes_of_a_text_column_keep_their_leading_zeros():
    dataset = declared(columns=[column(valid_values=["001", "067"])], key=[])
    assert of(mandatory_source(dataset), "column_values_to_be_in_set") == [{"column": "c", "value_set": ["001", "067"]}]


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "integer", "valid_values": ["1", "many"]},
        {"type": "boolean", "valid_values": ["maybe"]},
        {"type": "date", "valid_values": {"from": "1/1/2020"}},
        {"type": "number", "valid_values": {"to": "ten"}},
    ],
)
def test_a_valid_value_of_another_type_is_a_mistake_in_the_declaration(fields):
    with pytest.raises(DeclarationError) as caught:
        mandatory_source(declared(columns=[column(**fields)], key=[]))
    assert caught.value.slug == "valid-values-type"
    assert caught.value.place.column == "c"


def test_a_range_open_at_one_end_stays_open():
    dataset = declared(columns=[column(type="integer", valid_values={"from": 1})], key=[])
    assert of(mandatory_source(dataset), "column_values_to_be_between") == [{"column": "c", "min_value": 1}]


def test_a_pattern_must_match_the_whole_value():
    dataset = declared(columns=[column(pattern="a|b")], key=[])
    assert of(mandatory_source(dataset), "column_values_to_match_regex") == [{"column": "c", "regex": "^(?:a|b)$"}]


def test_a_pattern_on_a_number_is_a_mistake_in_the_declaration():
    with pytest.raises(DeclarationError) as caught:
        mandatory_source(declared(columns=[column(type="integer", pattern="[0-9]")], key=[]))
    assert caught.value.slug == "pattern-needs-text"
    assert caught.value.place.column == "c"


@pytest.mark.parametrize("table", load("homicides_by_county").tables, ids=lambda t: t.table)
def test_a_high_risk_table_is_masked_whatever_the_run_says(table):
    (small,) = of(mandatory_publishable(load("homicides_by_county"), table), "no_small_count_shown")
    assert small["masked"] is True
    assert small["threshold"] == 11


@pytest.mark.parametrize("table", load("health_insurance_coverage").tables, ids=lambda t: t.table)
def test_another_table_is_masked_as_the_assessment_says(table):
    (small,) = of(mandatory_publishable(load("health_insurance_coverage"), table), "no_small_count_shown")
    assert small["masked"] == {"$PARAMETER": "masked"}


@pytest.mark.parametrize("name", ["homicides_by_county", "health_insurance_coverage"])
def test_every_measure_that_can_be_blank_has_its_annotation_checked(name):
    dataset = load(name)
    for table in dataset.tables:
        demands = mandatory_publishable(dataset, table)
        annotated = [c.removesuffix("_annotation") for c in published_columns(table) if c.endswith("_annotation")]
        assert [d["column"] for d in of(demands, "blank_to_be_annotated")] == annotated
        assert {code for d in of(demands, "blank_to_be_annotated") for code in d["codes"]} == set("12345")


def test_a_rate_is_hidden_with_its_numerator_and_with_its_denominator():
    dataset = load("homicides_by_county")
    demands = of(mandatory_publishable(dataset, dataset.tables[0]), "derived_to_be_blank_with_base")
    assert [(d["column"], d["base"]) for d in demands] == [
        ("Rate_per_100000", "Homicides"),
        ("Rate_per_100000", "Population"),
    ]


def test_a_percentage_is_hidden_with_the_total_it_is_a_share_of():
    dataset = load("health_insurance_coverage")
    (found,) = of(mandatory_publishable(dataset, dataset.tables[0]), "percent_to_be_blank_with_total")
    assert found["totals"] == {"Coverage": "All persons"}
    assert found["dimensions"] == ["Region", "Sex", "Age_Group"]


def test_a_mean_and_an_amount_are_hidden_with_the_count_under_them():
    data = load("health_insurance_coverage").model_dump(by_alias=True)
    data["tables"][0]["measures"] += [
        {"name": "Mean_Age", "kind": "mean", "column": "age", "base": "Persons", "label": "x", "definition": "x"},
        {
            "name": "Years",
            "kind": "sum",
            "column": "age",
            "of": "amount",
            "base": "Persons",
            "label": "x",
            "definition": "x",
        },
    ]
    dataset = Dataset.model_validate(data)
    demands = of(mandatory_publishable(dataset, dataset.tables[0]), "derived_to_be_blank_with_base")
    assert {(d["column"], d["base"]) for d in demands} >= {("Mean_Age", "Persons"), ("Years", "Persons")}


def test_the_name_of_a_direct_identifier_and_of_a_persons_record_may_head_no_column():
    data = load("health_insurance_coverage").model_dump(by_alias=True)
    data["source"]["columns"].append(column(name="holder", privacy="direct_identifier"))
    dataset = Dataset.model_validate(data)
    (found,) = of(mandatory_publishable(dataset, dataset.tables[0]), "no_direct_identifiers")
    assert found["identifiers"] == ["holder", "rownames"]


def test_a_three_digit_zip_area_has_no_code_beside_it_and_is_held_to_three_digits():
    data = load("homicides_by_county").model_dump(by_alias=True)
    county = data["tables"][0]["dimensions"][0]
    county |= {"name": "Area", "standard": "zip3", "total": "All areas", "missing": "Unknown"}
    dataset = Dataset.model_validate(data)
    demands = mandatory_publishable(dataset, dataset.tables[0])
    assert published_columns(dataset.tables[0])[:2] == ["Area", "Year"]
    assert of(demands, "field_to_follow_standard") == [
        {"column": "Area", "element": "ZIP3", "besides": ["Unknown", "All areas"]}
    ]


def test_a_table_of_whole_percentages_has_no_count_and_one_blank():
    data = load("homicides_by_county").model_dump(by_alias=True)
    table = data["tables"][0]
    percent = {"name": "Percent", "kind": "percent", "numerator": "Homicides", "within": ["County"], "decimals": 0}
    count = table["measures"][0]
    table |= {"dimensions": table["dimensions"][:1], "masking": "whole_percentages"}
    table["measures"] = [count, {**percent, "label": "Percent", "definition": "Percent."}]
    dataset = Dataset.model_validate(data)
    demands = mandatory_publishable(dataset, dataset.tables[0])
    assert published_columns(dataset.tables[0]) == ["County", "County_FIPS", "Percent", "Percent_annotation"]
    assert of(demands, "whole_percentages_but_one") == [{"column": "Percent"}]
    assert [d["codes"] for d in of(demands, "blank_to_be_annotated")] == [["1"]]
    assert not any("Homicides" in str(demand) for demand in demands)


def test_a_county_has_its_code_beside_it_as_text():
    dataset = load("homicides_by_county")
    demands = mandatory_publishable(dataset, dataset.tables[0])
    assert published_columns(dataset.tables[0])[:2] == ["County", "County_FIPS"]
    assert {"column": "County_FIPS", "kinds": ["text"]} in of(demands, "column_type_to_be_declared")
    assert of(demands, "area_to_follow_reference")[0]["total"] == "California"
    assert [d["element"] for d in of(demands, "field_to_follow_standard")] == ["County", "County_FIPS"]
