"""What the dictionary, the method and the metadata tell the public."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

from include.opendata.release.formats.registry import published_files
from include.opendata.release.metadata.ckan_package import ckan_package, package_name, portal_slug
from include.opendata.release.metadata.dcat_us import dcat_us_entry
from include.opendata.release.metadata.dictionary import annotation_meanings, describe_fields
from include.opendata.release.metadata.method import deidentification_method
from tests.lib.small_release import assessment, homicides, homicides_dataset

TABLE = "homicides_by_county_and_year"


def _fields(mode="combined", masked=True):
    table = replace(homicides(mode), masked=masked)
    return {field.name: field for field in describe_fields(homicides_dataset(), table)}


def test_every_published_column_is_described_in_its_order():
    assert list(_fields()) == homicides().structure.published_columns()


def test_the_small_cell_method_is_stated_beside_the_count():
    assert _fields()["Homicides"].notes.startswith("<11: counts from 1 to 10 are blank")


def test_a_table_that_was_not_masked_does_not_claim_to_be():
    assert "<11" not in _fields(masked=False)["Homicides"].notes


def test_in_combined_mode_code_1_stands_for_both_kinds_and_code_2_is_unknown():
    meanings = annotation_meanings("combined")
    assert meanings["1"] == "suppressed, small number or complementary to one"
    assert "2" not in meanings


def test_in_separate_mode_both_codes_are_told_apart():
    meanings = annotation_meanings("separate")
    assert meanings["1"] == "suppressed, small number"
    assert meanings["2"] == "suppressed, complementary"


def test_a_field_tells_its_source_privacy_class_and_statute():
    county = _fields()["County"]
    assert "countyfips" in county.source
    assert county.privacy_class == "public"
    assert "§102230" in county.statute
    assert _fields()["Homicides"].privacy_class == "aggregate of a sensitive column"


def test_the_method_does_not_tell_how_many_suppressed_cells_are_small():
    table = homicides()
    other = replace(table, small=1, complementary=2)
    texts = {deidentification_method(homicides_dataset(), (t,), {TABLE: assessment(TABLE)}) for t in (table, other)}
    assert len(texts) == 1
    assert "3 of 20 counts are suppressed" in texts.pop()


def test_the_method_names_the_population_that_is_protected_whatever_the_score():
    text = deidentification_method(homicides_dataset(), (homicides(),), {TABLE: assessment(TABLE)})
    assert "victims of crime or abuse" in text
    assert "20250303" not in text


def _package():
    dataset, table = homicides_dataset(), homicides()
    fields = {TABLE: describe_fields(dataset, table)}
    offered = [file.path for file in published_files(dataset.table(TABLE))]
    hashes = dict.fromkeys(offered, "1" * 64) | {
        f"dictionary/{TABLE}.csv": "2" * 64,
        f"dictionary/{TABLE}.xsd": "3" * 64,
    }
    return ckan_package(dataset, (table,), fields, hashes, "the method")


REQUIRED = [
    "title",
    "notes",
    "owner_org",
    "name",
    "tags",
    "contact_email",
    "author",
    "program_web_page",
    "temporal_coverage",
    "geographic_granularity",
    "language",
    "accrual_periodicity",
    "data_license",
    "limitations",
]


def test_the_package_fills_every_field_the_portal_requires():
    package = _package()
    assert [field for field in REQUIRED if not package.get(field)] == []
    assert package["data_license"] == "Terms of Use"
    assert package["limitations"] == "Limitations"
    assert package["temporal_coverage"] == "1980-01-01/1996-12-31"


def test_the_portal_name_is_the_dataset_id_with_dashes():
    assert package_name("homicides_by_county") == "homicides-by-county"
    assert portal_slug("Department of Health Care Services") == "department-of-health-care-services"


def test_each_table_has_a_data_file_and_a_dictionary_with_declared_types():
    data, dictionary = (resource for resource in _package()["resources"] if "datastore" in resource)
    assert data["path"] == f"data/{TABLE}.csv"
    assert dictionary["path"] == f"dictionary/{TABLE}.csv"
    types = {field["id"]: field["type"] for field in data["datastore"]["fields"]}
    assert types["County_FIPS"] == "text"
    assert types["Homicides"] == "numeric"
    assert types["Homicides_annotation"] == "text"
    assert data["datastore"]["primary_key"] == ["County", "Year"]


def test_every_format_of_a_table_is_a_resource_behind_its_csv():
    resources = _package()["resources"]
    offered = [file.path for file in published_files(homicides_dataset().table(TABLE))]
    assert [r["path"] for r in resources] == [*offered, f"dictionary/{TABLE}.csv", f"dictionary/{TABLE}.xsd"]
    assert len({r["url"] for r in resources}) == len({r["name"] for r in resources}) == len(resources)


def test_limitations_too_long_for_the_catalog_are_cut_at_a_word():
    dataset = homicides_dataset().model_copy(update={"limitations": "word " * 100})
    rights = dcat_us_entry(dataset, (homicides(),))["rights"]
    assert len(rights) <= 255
    assert rights.endswith("word…")


def test_the_public_address_can_be_set(monkeypatch):
    monkeypatch.setenv("OPENDATA_PUBLIC_URL", "https://open.example.gov/files")
    entry = dcat_us_entry(homicides_dataset(), (homicides(),))
    assert entry["distribution"][0]["downloadURL"] == (
        f"https://open.example.gov/files/homicides_by_county/data/{TABLE}.csv"
    )


def _method(mode: str = "separate", **changes) -> str:
    table = dataclasses.replace(homicides(mode), **changes)
    return deidentification_method(homicides_dataset(), (table,), {TABLE: assessment(TABLE)})


def test_the_method_tells_threshold_annotations_complements_derived_values_and_unstable_estimates():
    text = _method(unstable=7)
    for told in (
        "<11: counts from 1 to 10 are blank, and so are counts from which one of them could be worked out",
        "a true zero is written 0",
        "3 of 20 counts are suppressed",
        "Annotation 1: suppressed, small number; 2: suppressed, complementary.",
        "Rate_per_100000 is blank wherever a count behind it is.",
        "7 estimates from fewer than 30 sample cases are blank (annotation 4).",
    ):
        assert told in text
    assert "Annotation 1: suppressed, small number or complementary to one." in _method("combined")


def test_the_method_tells_a_raised_threshold():
    dataset = homicides_dataset().model_copy(update={"small_cells_below": 25})
    text = deidentification_method(dataset, (homicides(),), {TABLE: assessment(TABLE)})
    assert "<25: counts from 1 to 24 are blank" in text


def test_the_method_claims_no_suppression_where_none_was_done():
    text = _method(masked=False, small=0, complementary=0)
    assert "No count was suppressed for being small" in text and "Annotation" not in text


def test_the_method_tells_that_percentages_stand_in_place_of_counts():
    table = homicides()
    share = dataclasses.replace(
        table.structure.measures[2], name="Percent", role="percent", numerator=None, denominator=None
    )
    structure = dataclasses.replace(table.structure, measures=(share,))
    frame = table.frame.drop(columns=["Homicides", "Homicides_annotation", "Population"])
    only = dataclasses.replace(table, structure=structure, frame=frame)
    text = deidentification_method(homicides_dataset(), (only,), {TABLE: assessment(TABLE)})
    assert "Whole percentages are published and no count" in text and "less than 1 %" in text


def test_the_method_says_that_a_table_of_places_had_nothing_to_suppress():
    table = homicides()
    rooms = dataclasses.replace(table.structure.measures[0], name="Homicides", role="amount")
    structure = dataclasses.replace(table.structure, measures=(rooms,))
    places = dataclasses.replace(table, structure=structure, masked=False, small=0, complementary=0)
    text = deidentification_method(homicides_dataset(), (places,), {TABLE: {**assessment(TABLE), "score": None}})
    assert "there was no count to suppress" in text and "publication score" not in text.split("**:")[1]
