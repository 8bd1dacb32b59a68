"""A declaration's errors say where, what is wrong, what is allowed, and what was probably meant."""

import errno
from pathlib import Path

import pytest

from include.opendata.declaration.light import declared_ids, read_outline
from include.opendata.declaration.load import load, load_file
from include.opendata.errors import EXIT_BAD_INPUT, DeclarationError
from include.opendata.monitoring.declared_facts import declared_facts
from tests.lib.declarations import SOUND, write


def problems_of(tmp_path, old: str, new: str) -> tuple[DeclarationError, str]:
    assert SOUND.count(old) >= 1, f"the sound declaration has no {old!r}"
    path = write(tmp_path, SOUND.replace(old, new, 1))
    with pytest.raises(DeclarationError) as failed:
        load_file(path, dataset="clinic_visits")
    return failed.value, str(failed.value)


def line_of(text: str) -> int:
    return next(n for n, line in enumerate(SOUND.splitlines(), 1) if text in line)


def test_the_sound_declaration_is_sound(tmp_path):
    declared = load_file(write(tmp_path), dataset="clinic_visits")
    assert declared.table("visits_by_sex").dimension("Sex").labels == {"f": "Female", "m": "Male"}
    assert declared.permission.individual_records is False


@pytest.mark.parametrize("shipped", ["homicides_by_county", "health_insurance_coverage"])
def test_the_shipped_declarations_are_sound(shipped):
    assert load(shipped).dataset == shipped


def test_an_unknown_field_names_its_line_and_the_near_miss(tmp_path):
    error, text = problems_of(tmp_path, "limitations:", "limitatons:")
    assert f"dataset.yaml:{line_of('limitations:')}, field `limitatons`" in text
    assert "did you mean `limitations`?" in text
    assert error.exit_code == EXIT_BAD_INPUT


def test_an_unknown_field_deep_inside_lists_what_is_allowed_there(tmp_path):
    _, text = problems_of(tmp_path, "total: Both sexes", "totals: Both sexes")
    assert "tables[1].dimensions[1].totals" in text
    assert "did you mean `total`?" in text
    assert "least_interesting" in text


def test_a_choice_out_of_the_list_shows_the_list_and_the_near_miss(tmp_path):
    _, text = problems_of(tmp_path, "topic: Health Care", "topic: Healthcare")
    assert "Diseases and Conditions" in text
    assert "did you mean `Health Care`?" in text


def test_a_day_that_does_not_exist_is_named_with_its_field(tmp_path):
    _, text = problems_of(tmp_path, "start: 2020-01-01", "start: 2020-02-30")
    assert "field `coverage.start`: a date is needed" in text


def test_a_dimension_may_not_be_called_as_the_annotation_of_a_measure(tmp_path):
    _, text = problems_of(tmp_path, "name: Sex\n", "name: Persons_annotation\n")
    assert "the published column 'persons_annotation' is given 2 times" in text


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("f: Female", "f: =1+1", "tables[1].dimensions[1].labels.f"),
        ("total: Both sexes", "total: '-'", "tables[1].dimensions[1].total"),
        ("f: Female", "f: '-9'", "tables[1].dimensions[1].labels.f"),
        ("label: Persons,", "label: +Persons,", "tables[1].measures[1].label"),
        ("definition: Number of persons.", "definition: '@persons'", "tables[1].measures[1].definition"),
        ("[California Civil Code", "[=California Civil Code", "statutes[1]"),
    ],
)
def test_a_text_that_a_spreadsheet_would_run_is_named_before_any_run(tmp_path, old, new, field):
    _, text = problems_of(tmp_path, old, new)
    assert f"field `{field}`: it begins with a sign that a spreadsheet runs as a formula" in text


def test_a_filter_by_range_needs_a_column_of_numbers_or_dates(tmp_path):
    _, text = problems_of(tmp_path, "    dimensions:\n", "    filter: [{column: sex, from: 18}]\n    dimensions:\n")
    assert "field `tables[1].filter[1]`: a range makes no sense for a column of type text" in text


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("valid_values: {from: 120, to: 0}", "valid_values`: `to` is before `from`"),
        ("pattern: '[0-9'", "pattern`: this is no regular expression"),
    ],
)
def test_a_rule_no_value_could_meet_is_named_before_any_run(tmp_path, rule, told):
    _, text = problems_of(tmp_path, "{name: age, type: integer,", f"{{name: age, type: integer, {rule},")
    assert f"field `source.columns[3].{told}" in text


def test_days_from_first_to_last_are_a_range(tmp_path):
    days = "{name: age, type: date, valid_values: {from: '2020-01-01', to: '2020-12-31'},"
    declared = load_file(write(tmp_path, SOUND.replace("{name: age, type: integer,", days)), dataset="clinic_visits")
    assert declared.source.column("age").valid_values.to == "2020-12-31"


@pytest.mark.parametrize("rule", ["{from: 2020-01-01, to: 2020-12-31}", "[2020-01-01, 2020-12-31]"])
def test_days_need_no_quotes_among_valid_values(tmp_path, rule):
    text = SOUND.replace("{name: age, type: integer,", f"{{name: age, type: date, valid_values: {rule},")
    values = load_file(write(tmp_path, text), dataset="clinic_visits").source.column("age").valid_values
    assert (values if isinstance(values, list) else [values.from_, values.to]) == ["2020-01-01", "2020-12-31"]


@pytest.mark.parametrize("rule", ["from: 2020-01-01, to: 2020-12-31", "in: [2020-01-01]", "not_in: [2020-01-01]"])
def test_days_need_no_quotes_in_a_filter(tmp_path, rule):
    text = SOUND.replace("    dimensions:\n", f"    filter: [{{column: age, {rule}}}]\n    dimensions:\n", 1)
    declared = load_file(write(tmp_path, text.replace("{name: age, type: integer,", "{name: age, type: date,")))
    (condition,) = declared.tables[0].filter[-1:]
    assert "2020-01-01" in (condition.from_, *(condition.in_ or ()), *(condition.not_in or ()))


def test_a_day_that_means_no_value_needs_no_quotes(tmp_path):
    path = write(tmp_path, SOUND.replace("  record: person\n", "  record: person\n  missing: ['', 1900-01-01]\n"))
    assert load_file(path, dataset="clinic_visits").source.missing == ["", "1900-01-01"]


@pytest.mark.parametrize(
    ("rule", "field", "what"),
    [
        ("{from: 5, too: 9}", "valid_values.too", "there is no such field here"),
        ("{from: [5]}", "valid_values.from", "a number or text is needed"),
        ("{from: {a: 5}}", "valid_values.from", "a number or text is needed"),
        ("[[5]]", "valid_values[1]", "text is needed (put it in quotes if it looks like a number)"),
        ("5", "valid_values", "a list (lines that start with a dash) or named fields are needed"),
    ],
)
def test_a_mistake_where_several_forms_are_allowed_is_one_problem(tmp_path, rule, field, what):
    error, _ = problems_of(tmp_path, "{name: age, type: integer,", f"{{name: age, type: integer, valid_values: {rule},")
    (problem,) = error.details
    assert f"field `source.columns[3].{field}`: {what}" in problem


def test_a_table_name_leaves_room_for_the_endings_of_its_files(tmp_path):
    _, text = problems_of(tmp_path, "table: visits_by_sex", f"table: {'v' * 81}")
    assert "field `tables[1].table`" in text


@pytest.mark.parametrize("total", [".inf", ".nan", "9" * 5000])
def test_a_control_total_is_a_figure(tmp_path, total):
    _, text = problems_of(tmp_path, "  record: person\n", f"  record: person\n  control_totals: [{{total: {total}}}]\n")
    assert "field `source.control_totals[1].total`" in text


ZIP_COLUMN = (
    "    - {name: zip, type: text, label: ZIP, definition: ZIP., privacy: indirect_identifier}\n    - {name: age,"
)


@pytest.mark.parametrize(
    ("declared", "column", "told"),
    [
        ("standard: zip3, scores_as: residence_geography", "zip", "need the `population` of the least peopled"),
        (
            "scores_as: {variable: residence_geography, reference: r}",
            "zip",
            "need the `population` of the least peopled",
        ),
        ("standard: zip3, scores_as: {variable: other, population: 30000}", "zip", "a ZIP area is a geography"),
        (
            "standard: zip3, scores_as: {variable: residence_geography, population: 30000}",
            "age",
            "ZIP codes are text, so that leading zeros survive; this column is integer",
        ),
    ],
    ids=["no population", "by name, no population", "not scored as a geography", "not text"],
)
def test_three_digit_zip_areas_need_text_and_the_population_of_the_smallest(tmp_path, declared, column, told):
    source = SOUND.replace("    - {name: age,", ZIP_COLUMN, 1)
    area = f"      - {{name: ZIP3, label: Area, definition: Area., column: {column}, {declared}}}\n    measures:\n"
    with pytest.raises(DeclarationError) as failed:
        load_file(write(tmp_path, source.replace("    measures:\n", area, 1)), dataset="clinic_visits")
    assert told in str(failed.value)


PERCENTAGES = (
    SOUND.replace("    measures:\n", "    masking: whole_percentages\n    measures:\n")
    .replace("valid_values: [f, m]", "valid_values: [f, m, i]")
    .replace("labels: {f: Female, m: Male}", "labels: {f: Female, m: Male, i: Intersex}")
    + "      - {name: Percent, kind: percent, numerator: Persons, within: [Sex], decimals: 0, label: P, definition: P.}\n"
)


def test_a_table_of_whole_percentages_publishes_its_percentage_alone(tmp_path):
    (table,) = load_file(write(tmp_path, PERCENTAGES), dataset="clinic_visits").tables
    assert [measure.name for measure in table.published_measures] == ["Percent"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("decimals: 0", "decimals: 1", "the percentage needs `decimals: 0`"),
        (", i: Intersex}", "}\n        missing: Unknown", None),
        ("i: Intersex}", "i: Intersex}\n        missing: Unknown", "exactly three categories"),
        ("        total: Both sexes\n", "", "one dimension, with a total"),
        (
            "      - {name: Percent,",
            "      - {name: Ages, kind: mean, column: age, base: Persons, label: A, definition: A.}\n      - {name: Percent,",
            "one count and its percentage, and no other measure",
        ),
        ("kind: count,", "kind: count, persons: id,", "count the persons themselves"),
        ("quality:", "survey: yes\nquality:", "whole percentages are for full counts"),
        (
            "    masking: whole_percentages\n    measures:\n",
            "    masking: whole_percentages\n    measures:\n",
            "the only one of its dataset",
        ),
    ],
    ids=["tenths", "a blank is a category", "four", "no total", "a mean", "events", "survey", "another table"],
)
def test_whole_percentages_need_a_table_that_shows_nothing_else(tmp_path, old, new, told):
    assert PERCENTAGES.count(old) == 1
    text = PERCENTAGES.replace(old, new)
    if told == "the only one of its dataset":
        text += (
            SOUND[SOUND.index("  - table:") :].replace("visits_by_sex", "others").replace("f: Female, ", "i: I, f: F, ")
        )
    if told is None:
        text = text.replace("valid_values: [f, m, i]", "valid_values: [f, m]")
        assert load_file(write(tmp_path, text), dataset="clinic_visits").tables
        return
    with pytest.raises(DeclarationError) as failed:
        load_file(write(tmp_path, text), dataset="clinic_visits")
    assert told in str(failed.value)


def test_a_missing_field_is_named(tmp_path):
    _, text = problems_of(tmp_path, "title: Clinic visits\n", "")
    assert "field `title`: this field is missing" in text


@pytest.mark.parametrize("character", ["\\x07", "\\x0b", "\\uFFFE"])
def test_a_text_with_a_control_character_is_refused_because_the_metadata_would_be_no_xml(tmp_path, character):
    _, text = problems_of(tmp_path, "title: Clinic visits\n", f'title: "Clinic{character} visits"\n')
    assert "field `title`: it holds a control character" in text


def test_a_kind_of_measure_that_does_not_exist_lists_the_kinds(tmp_path):
    _, text = problems_of(tmp_path, "kind: count", "kind: counts")
    assert "count_distinct" in text
    assert "did you mean `count`?" in text


def test_a_column_that_does_not_exist_names_the_near_miss(tmp_path):
    _, text = problems_of(tmp_path, "        column: sex", "        column: sexx")
    assert "there is no column called 'sexx'" in text
    assert "did you mean `sex`?" in text


def test_a_valid_value_without_a_label_is_an_error(tmp_path):
    _, text = problems_of(tmp_path, "labels: {f: Female, m: Male}", "labels: {f: Female}")
    assert "1 valid value(s) of the source column have no label" in text


def test_a_direct_identifier_cannot_be_a_dimension(tmp_path):
    _, text = problems_of(
        tmp_path,
        "      valid_values: [f, m]\n      privacy: indirect_identifier",
        "      valid_values: [f, m]\n      privacy: direct_identifier",
    )
    assert "a direct identifier cannot be a dimension" in text


def test_an_answer_that_is_neither_yes_nor_no_is_an_error(tmp_path):
    _, text = problems_of(tmp_path, "prohibited_by_law: no", "prohibited_by_law: perhaps")
    assert "yes or no" in text


def test_two_ways_of_making_categories_are_one_too_many(tmp_path):
    _, text = problems_of(
        tmp_path, "labels: {f: Female, m: Male}", "labels: {f: Female, m: Male}\n        recode: {All: [f, m]}"
    )
    assert "more than one way" in text


def test_overlapping_bins_are_an_error(tmp_path):
    bins = "bins: [{from: 0, to: 10, label: A}, {from: 10, to: 20, label: B}]"
    _, text = problems_of(
        tmp_path, "        column: sex\n        labels: {f: Female, m: Male}", f"        column: age\n        {bins}"
    )
    assert "overlaps the bin before it" in text


def test_a_table_about_people_needs_a_count(tmp_path):
    _, text = problems_of(
        tmp_path,
        "{name: Persons, kind: count, label: Persons, definition: Number of persons.}",
        "{name: Years, kind: sum, column: age, of: population, label: Years, definition: Years.}",
    )
    assert "needs a count of persons or events" in text


def test_the_dataset_must_be_named_after_its_folder(tmp_path):
    path = write(tmp_path, name="other_name")
    with pytest.raises(DeclarationError, match="the name of its folder"):
        load_file(path, dataset="other_name")


def test_all_problems_are_told_at_once(tmp_path):
    text = SOUND.replace("topic: Health Care", "topic: X").replace("frequency: annually", "frequency: Y")
    with pytest.raises(DeclarationError) as failed:
        load_file(write(tmp_path, text), dataset="clinic_visits")
    assert len(failed.value.details) == 2
    assert "2 problems" in str(failed.value)


def test_an_unknown_dataset_names_the_near_miss():
    with pytest.raises(DeclarationError, match="did you mean 'homicides_by_county'"):
        load("homicide_by_county")


def test_a_number_of_the_sources_values_is_read_as_text(tmp_path):
    text = SOUND.replace("valid_values: [f, m]", "valid_values: [1, 2]").replace(
        "labels: {f: Female, m: Male}", "labels: {1: Female, 2: Male}"
    )
    declared = load_file(write(tmp_path, text), dataset="clinic_visits")
    assert declared.table("visits_by_sex").dimension("Sex").labels == {"1": "Female", "2": "Male"}


def test_the_outline_agrees_with_the_full_reading(tmp_path):
    write(tmp_path)
    outline = read_outline("clinic_visits", tmp_path)
    assert declared_ids(tmp_path) == ["clinic_visits"]
    assert (outline.title, outline.owner, outline.tables) == (
        "Clinic visits",
        "Department of Health Care Services",
        ("visits_by_sex",),
    )


def test_the_outline_of_a_broken_declaration_says_why(tmp_path):
    write(tmp_path, SOUND.replace("tables:\n", "tables: none\nx:\n"))
    with pytest.raises(DeclarationError, match="`tables` is missing or is not a list"):
        read_outline("clinic_visits", tmp_path)


def test_a_folder_nobody_may_look_into_is_a_broken_declaration_and_no_end_of_the_others(tmp_path, monkeypatch):
    for name in ("open", "locked"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "dataset.yaml").write_text("dataset: x")
    monkeypatch.setenv("OPENDATA_DATASETS", str(tmp_path))
    stat, read = Path.stat, Path.read_bytes

    def denied(reach):
        def reached(path, **more):
            if "locked" in path.parts[:-1]:
                raise PermissionError(errno.EACCES, "Permission denied")
            return reach(path, **more)

        return reached

    monkeypatch.setattr(Path, "stat", denied(stat))
    monkeypatch.setattr(Path, "read_bytes", denied(read))
    assert declared_ids() == ["locked", "open"]
    for reader in (read_outline, load):
        with pytest.raises(DeclarationError, match="cannot be read"):
            reader("locked")
    assert "cannot be read" in {one.dataset: one.broken for one in declared_facts()}["locked"]
