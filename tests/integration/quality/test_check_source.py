"""The source's suite on the records: what passes, what is refused, and that no value of a record gets out."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.errors import EXIT_BAD_INPUT, EXIT_REFUSED, DeclarationError, Refused
from include.opendata.quality import check_source, draft_suites, gx_project
from include.opendata.quality.suites import floors
from include.opendata.warehouse import open_snapshot

SUITE = "homicides_by_county__source"
SECRET = "Zaphod-Q77"


def refusal(warehouse_of, frame: pd.DataFrame) -> Refused:
    with pytest.raises(Refused) as caught, warehouse_of(frame) as warehouse:
        check_source(load("homicides_by_county"), warehouse)
    assert caught.value.slug == "quality-failed"
    assert caught.value.exit_code == EXIT_REFUSED
    return caught.value


@pytest.mark.parametrize("name", ["health_insurance_coverage", "homicides_by_county"])
def test_a_shipped_source_meets_its_suite(name, sources, warehouse_of):
    with warehouse_of(sources[name]) as warehouse:
        report = check_source(load(name), warehouse)
    assert report.passed
    assert report.declared == report.evaluated == report.successful > len(floors(load(name))[report.suite][0])
    assert report.rows == len(sources[name])
    assert json.loads(json.dumps(report.to_json()))["passed"] is True


def test_duplicate_keys_are_refused_with_their_number(homicides, warehouse_of):
    refused = refusal(warehouse_of, pd.concat([homicides, homicides.iloc[:1]]))
    assert any("countyfips, year" in line and "2 of 987 (0.2 %)" in line for line in refused.details)


def test_a_value_out_of_its_range_is_refused(homicides, warehouse_of):
    homicides.loc[7, "murders"] = -3
    refused = refusal(warehouse_of, homicides)
    assert [
        line
        for line in refused.details
        if "murders: every value is 0 or more; 1 of 986 (0.1 %) row falls short" in line
    ]


def test_an_unknown_category_is_refused_without_being_named(sources, warehouse_of, caplog, capfd):
    frame = sources["health_insurance_coverage"].copy()
    frame.loc[5, "region"] = SECRET
    with caplog.at_level(logging.DEBUG), pytest.raises(Refused) as caught, warehouse_of(frame) as warehouse:
        check_source(load("health_insurance_coverage"), warehouse)
    assert any(
        line.startswith("region: every value is one of northeast, midwest, south, west; 1 of 8,802")
        for line in caught.value.details
    )
    out, err = capfd.readouterr()
    assert SECRET not in str(caught.value) + caplog.text + out + err
    assert "Calculating" not in err


def test_what_the_database_says_of_a_wrong_type_gets_nowhere(homicides, warehouse_of, caplog, capfd):
    homicides["murders"] = homicides["murders"].astype(str)
    homicides.loc[3, "murders"] = SECRET
    with caplog.at_level(logging.DEBUG):
        refused = refusal(warehouse_of, homicides)
    out, err = capfd.readouterr()
    assert "murders: the type is integer; this is not so" in refused.details
    assert any(line.startswith("murders") and "could not be evaluated" in line for line in refused.details)
    assert SECRET not in str(refused) + caplog.text + out + err


def test_the_librarys_log_is_off_for_it_quotes_the_database():
    gx_project.project()
    for name in ("great_expectations", "great_expectations.validator.metrics_calculator"):
        assert not logging.getLogger(name).isEnabledFor(logging.CRITICAL)
    assert not logging.getLogger("great_expectations").propagate


def test_an_empty_source_is_refused(homicides, warehouse_of):
    refused = refusal(warehouse_of, homicides.iloc[:0])
    assert any("the number of rows is 1 or more" in line for line in refused.details)


def test_a_required_column_of_blanks_is_refused(homicides, warehouse_of):
    homicides["murders"] = pd.Series([pd.NA] * len(homicides), dtype="Int64")
    refused = refusal(warehouse_of, homicides)
    assert any(line.startswith("murders: every row has a value; 986 of 986 (100.0 %)") for line in refused.details)


@pytest.mark.parametrize("change", [lambda f: f.drop(columns="popul"), lambda f: f.assign(extra=1)])
def test_a_missing_or_an_extra_column_is_refused(change, homicides, warehouse_of):
    refused = refusal(warehouse_of, change(homicides))
    assert any("the columns are countyfips, year, popul, murders" in line for line in refused.details)


def test_a_missing_row_breaks_what_the_steward_added(homicides, warehouse_of):
    refused = refusal(warehouse_of, homicides.drop(index=homicides.index[20]))
    assert any("each has 17 rows; 16 of 985" in line for line in refused.details)


def test_a_warning_is_reported_and_does_not_refuse(homicides, warehouse_of):
    homicides.loc[0, "murders"] = 4000
    homicides.loc[0, "popul"] = 5000
    with warehouse_of(homicides) as warehouse:
        report = check_source(load("homicides_by_county"), warehouse)
    assert report.passed
    assert [(o.type, o.severity) for o in report.expectations if not o.success] == [
        ("expect_column_max_to_be_between", "warning")
    ]


def test_a_warning_that_cannot_be_evaluated_refuses(homicides, warehouse_of, edit_suite):
    edit_suite(
        SUITE,
        lambda suite: suite["expectations"].append(
            {
                "type": "expect_column_mean_to_be_between",
                "kwargs": {"column": "no_such", "min_value": 0},
                "severity": "info",
            }
        ),
    )
    refused = refusal(warehouse_of, homicides)
    assert [line for line in refused.details if line.startswith("no_such: ") and "could not be evaluated" in line]


def test_two_projects_in_one_process_do_not_mix(homicides, warehouse_of, project, monkeypatch):
    for _ in range(2):
        with warehouse_of(homicides) as warehouse:
            assert check_source(load("homicides_by_county"), warehouse).passed
        monkeypatch.delenv("OPENDATA_EXPECTATIONS", raising=False)


def test_runs_side_by_side_do_not_mix(sources, tmp_path):
    def check(number: int) -> tuple[str, int]:
        name = sorted(sources)[number % 2]
        path = tmp_path / f"{number}.parquet"
        sources[name].to_parquet(path, index=False)
        with open_snapshot(path, dataset=name) as warehouse:
            report = check_source(load(name), warehouse)
        return report.suite, report.rows

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(check, range(6)))
    assert found == [("health_insurance_coverage__source", 8802), ("homicides_by_county__source", 986)] * 3


def _with(columns: list[dict], key: list[str]) -> Dataset:
    data = load("homicides_by_county").model_dump(by_alias=True)
    data["source"] |= {"columns": columns, "key": key}
    data["quality"] = {"suite": "every_kind__source"}
    return Dataset.model_validate(data)


@pytest.fixture
def every_kind(project) -> Dataset:
    """A source with a column of every type and every way of declaring valid values."""
    common = {"label": "x", "definition": "x", "privacy": "public"}
    declared = _with(
        [
            {"name": "Code", "type": "text", "pattern": "[A-Z][0-9]{2}|none", **common},
            {"name": "day", "type": "date", "valid_values": {"from": "2020-01-01", "to": "2020-12-31"}, **common},
            {"name": "term", "type": "date", "valid_values": ["2020-01-15", "2020-08-15"], **common},
            {"name": "amount", "type": "number", "valid_values": {"from": 0, "to": 9.5}, **common},
            {"name": "grade", "type": "integer", "valid_values": ["1", "2"], **common},
            {"name": "open", "type": "boolean", "valid_values": ["true", "false"], "required": False, **common},
        ],
        ["Code", "day"],
    )
    for name, text in draft_suites(declared).items():
        (project / "expectations" / name).write_text(text, encoding="utf-8")
    return declared


def _rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Code": pd.array(["A12", "none", "B34"], dtype="string"),
            "day": pd.to_datetime(["2020-01-01", "2020-05-05", "2020-12-31"]).date,
            "term": pd.to_datetime(["2020-01-15", "2020-01-15", "2020-08-15"]).date,
            "amount": [0.0, 9.5, 1.25],
            "grade": pd.array([1, 2, 2], dtype="Int64"),
            "open": pd.array([True, False, None], dtype="boolean"),
        }
    )


def test_every_type_and_every_way_of_declaring_values_can_pass(every_kind, warehouse_of):
    with warehouse_of(_rows()) as warehouse:
        assert check_source(every_kind, warehouse).passed


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("Code", "A123", "Code: every value has the form"),
        ("Code", "xnone", "Code: every value has the form"),
        ("day", pd.Timestamp("2021-01-01").date(), "day: every value is from 2020-01-01 to 2020-12-31; 1 of 3"),
        ("term", pd.Timestamp("2020-01-16").date(), "term: every value is one of 2020-01-15, 2020-08-15; 1 of 3"),
        ("amount", 9.75, "amount: every value is from 0 to 9.5; 1 of 3"),
        ("grade", 3, "grade: every value is one of 1, 2; 1 of 3"),
    ],
)
def test_a_value_the_declaration_does_not_allow_is_refused(column, value, told, every_kind, warehouse_of):
    frame = _rows()
    frame.loc[1, column] = value
    with pytest.raises(Refused) as caught, warehouse_of(frame) as warehouse:
        check_source(every_kind, warehouse)
    assert len(caught.value.details) == 1
    assert caught.value.details[0].startswith(told)


def test_a_weakened_suite_does_not_run(homicides, warehouse_of, edit_suite):
    def weaken(suite):
        for expectation in suite["expectations"]:
            if expectation["kwargs"] == {"column": "murders", "min_value": 0}:
                expectation["kwargs"]["mostly"] = 0.9

    edit_suite(SUITE, weaken)
    with pytest.raises(DeclarationError) as caught, warehouse_of(homicides) as warehouse:
        check_source(load("homicides_by_county"), warehouse)
    assert caught.value.slug == "suite-weaker-than-declaration"
    assert caught.value.exit_code == EXIT_BAD_INPUT
    assert caught.value.details == (
        "missing or changed: expect_column_values_to_be_between (murders: every value is 0 or more)",
    )
    assert "bin/opendata suites homicides_by_county --write" in caught.value.remedy
